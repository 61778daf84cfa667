"""The words of the parameter that holds rollouts."""

GO, HELD, ABORT = "go", "hold", "abort"
"""The last one is followed by a blank and the ARN of the model package to refuse."""
