"""What a step reports to the person who runs it, as opposed to a crash."""


class StepError(Exception):
    """A reason, in one to a few lines, why the step cannot do its work."""


class DataError(StepError):
    """The table, or a split of it, is not what the arguments say."""


class ArgumentError(StepError):
    """An argument or hyperparameter is not acceptable."""
