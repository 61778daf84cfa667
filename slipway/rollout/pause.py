"""The words of the parameter that holds rollouts."""

GO, HELD, ABORT = "go", "hold", "abort"
"""The last one is followed by a blank and the ARN of the model package to refuse."""

WAY_BACK = "back-"
"""What the names of executions that bring an earlier model back begin with: nobody holds them, and they pass a hold."""
