"""RetryPolicies of a step: which failures are tried again, when, and how often."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
JOB_INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
EXCEPTION_TYPES = (SERVICE_FAULT, THROTTLING, JOB_INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)

_CANONICAL = {name.upper(): name for name in EXCEPTION_TYPES}  # AWS's pages write them in both cases
_JOB_FAILURES = (
    ("InternalServerError", JOB_INTERNAL_ERROR),
    ("CapacityError", CAPACITY_ERROR),
    ("ResourceLimitExceeded", RESOURCE_LIMIT),
)


@dataclass(frozen=True)
class RetryPolicy:
    exception_types: frozenset[str]
    interval_seconds: float
    backoff_rate: float
    max_attempts: int | None
    expire_after_minutes: float | None

    def wait_before(self, attempt: int, elapsed_seconds: float) -> float | None:
        """Seconds to wait before retry number `attempt` (from 1), or None when this policy has had enough."""
        wait = self.interval_seconds * self.backoff_rate ** (attempt - 1)
        if self.max_attempts is not None and attempt > self.max_attempts:
            return None
        if self.expire_after_minutes is not None and elapsed_seconds + wait > 60 * self.expire_after_minutes:
            return None
        return wait


def parse_retry_policy(raw: Mapping[str, Any]) -> RetryPolicy:
    """Read one entry of RetryPolicies.

    Raises:
        ValueError: the entry is wrong; the text has the reason.
    """
    types = frozenset(_CANONICAL.get(str(name).upper(), str(name)) for name in raw.get("ExceptionType", ()))
    if not types or not types <= set(EXCEPTION_TYPES):
        allowed = ", ".join(EXCEPTION_TYPES)
        raise ValueError(f"ExceptionType of a retry policy must be among {allowed}, got {raw.get('ExceptionType')}")
    if "MaxAttempts" in raw and "ExpireAfterMin" in raw:
        raise ValueError("retry policy must have either MaxAttempts or ExpireAfterMin, got both")
    attempts = raw.get("MaxAttempts", None if "ExpireAfterMin" in raw else 5)
    if attempts is not None and not 1 <= attempts <= 20:
        raise ValueError(f"MaxAttempts of a retry policy must be in 1..20, got {attempts}")
    return RetryPolicy(
        types, raw.get("IntervalSeconds", 1), raw.get("BackoffRate", 2.0), attempts, raw.get("ExpireAfterMin")
    )


def classify_job_failure(reason: str) -> str | None:
    """The exception type behind a job's FailureReason, None for one that a retry cannot help."""
    return next((kind for start, kind in _JOB_FAILURES if reason.startswith(start)), None)


def classify_api_error(code: str, http_status: int) -> str | None:
    """The exception type behind an API error, None for one that a retry cannot help."""
    if "Throttl" in code or code == "TooManyRequestsException":
        return THROTTLING
    if code == "ResourceLimitExceeded":
        return RESOURCE_LIMIT
    return SERVICE_FAULT if http_status >= 500 else None


def next_wait(policies: Iterable[RetryPolicy], kind: str | None, attempt: int, elapsed_seconds: float) -> float | None:
    """Seconds to wait before retry number `attempt` of a failure of `kind`, or None to give up."""
    if kind is None:
        return None
    policy = next((each for each in policies if kind in each.exception_types), None)
    return None if policy is None else policy.wait_before(attempt, elapsed_seconds)
