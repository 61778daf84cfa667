"""What AWS gives as the reason of a failure, and whether it says something about a model."""

from fnmatch import fnmatchcase

_SHORTAGES = (
    "*LimitExceeded*",  # ResourceLimitExceeded, ServiceLimitExceeded, AccountLimitExceededException, …
    "*account-level service limit*",
    "*QuotaExceeded*",
    "*Service Quotas*",
    "*Insufficient*apacity*",  # InsufficientInstanceCapacity
    "*CapacityError*",
    "*Unable to provision requested ML compute capacity*",
    "*No space left on device*",
    "*Throttl*",
    "*Rate exceeded*",
    "*Rate Exceeded*",
    "*TooManyRequests*",
    "*ServiceUnavailable*",
    "*SlowDown*",
)
_OTHERS = (
    "*AccessDenied*",
    "*Access Denied*",
    "*is not authorized to perform*",
    "*UnauthorizedTaggingOperation*",
    "*InvalidCredentials*",
    "*InternalServerError*",
    "*InternalFailure*",
    "*ServiceInternalError*",
    "*NetworkFailure*",
    "*update in-progress endpoint*",  # its autoscaling was faster
)
"""`*` stands for anything. CloudFormation gives a refused call's text, or its own HandlerErrorCode, or both."""


def is_shortage(text: str) -> bool:
    """Whether AWS was short of something, or asked too often: the same call may succeed later."""
    return _any(text, _SHORTAGES)


def is_candidates(text: str) -> bool:
    """Whether a failure with this name and text is to be blamed on the model."""
    return not _any(text, (*_SHORTAGES, *_OTHERS))


def is_too_early(text: str) -> bool:
    """Whether something else was changing the endpoint just then."""
    return "update in-progress endpoint" in text


def _any(text: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in patterns)
