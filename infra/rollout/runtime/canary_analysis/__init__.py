"""The function that compares both fleets of a rollout."""
