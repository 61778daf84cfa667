"""The function that records what a rollout does."""
