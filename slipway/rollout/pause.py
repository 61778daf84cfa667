"""The values of the parameter that pauses rollouts."""

GO, PAUSED, ABORT = "go", "paused", "abort"
"""The last one is followed by a blank and the ARN of the model package to reject."""
