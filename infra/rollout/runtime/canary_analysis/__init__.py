"""The function that judges a rollout under way."""
