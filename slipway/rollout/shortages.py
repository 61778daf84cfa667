"""Errors for an exhausted quota, capacity or rate: as the reason of a failure they are no evidence about a model."""

from fnmatch import fnmatchcase

SHORTAGES = (
    "*LimitExceeded*",  # ResourceLimitExceeded, ServiceLimitExceeded, AccountLimitExceededException, …
    "*account-level service limit*",
    "*QuotaExceeded*",
    "*Service Quotas*",
    "*Insufficient*apacity*",  # InsufficientInstanceCapacity
    "*CapacityError*",
    "*Unable to provision requested ML compute capacity*",
    "*Throttl*",
    "*Rate exceeded*",
    "*Rate Exceeded*",
    "*TooManyRequests*",
    "*ServiceUnavailable*",
    "*InternalServerError*",
    "*InternalFailure*",
    "*SlowDown*",
)
"""Patterns of Amazon States Language (`StringMatches`) over an error's name and text; `*` stands for anything."""


def is_shortage(text: str) -> bool:
    """Whether an error of AWS with this name and text may heal without a change of the model."""
    return any(fnmatchcase(text, pattern) for pattern in SHORTAGES)
