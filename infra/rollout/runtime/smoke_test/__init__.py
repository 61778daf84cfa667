"""The function that really invokes the endpoint after a rollout."""
