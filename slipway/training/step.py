"""What every pipeline step has in common: name, order, retries, cache."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from slipway.training.references import Get, encode

MAX_RETRY_ATTEMPTS = 20


@dataclass(frozen=True)
class CacheConfig:
    """Reuse a step's last success for `expire_after` (ISO 8601) when its inputs, image and arguments are the same."""

    expire_after: str
    enabled: bool = True

    def definition(self) -> dict[str, Any]:
        return {"Enabled": self.enabled, "ExpireAfter": self.expire_after}


@dataclass(frozen=True)
class RetryPolicy:
    """Try a step again after these exceptions, each wait `backoff_rate` times the one before."""

    exception_types: tuple[str, ...]
    interval_seconds: int
    max_attempts: int
    backoff_rate: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.max_attempts <= MAX_RETRY_ATTEMPTS:
            raise ValueError(f"max_attempts must be in 1..{MAX_RETRY_ATTEMPTS}, got {self.max_attempts}")

    def definition(self) -> dict[str, Any]:
        return {
            "BackoffRate": self.backoff_rate,
            "IntervalSeconds": self.interval_seconds,
            "MaxAttempts": self.max_attempts,
            "ExceptionType": list(self.exception_types),
        }


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One step; the steps that it takes values from come before it, named in `depends_on` or not."""

    type: ClassVar[str]

    name: str
    depends_on: tuple[str, ...] = ()
    retries: tuple[RetryPolicy, ...] = ()
    cache: CacheConfig | None = None

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """The request of the API call this step makes, without the job's name."""

    def value(self, path: str) -> Get:
        """A value the step's describe call returns, such as `ModelArtifacts.S3ModelArtifacts`."""
        return Get(f"Steps.{self.name}.{path}")

    def definition(self) -> dict[str, Any]:
        written: dict[str, Any] = {"Name": self.name, "Type": self.type, "Arguments": encode(self.arguments())}
        if self.depends_on:
            written["DependsOn"] = list(self.depends_on)
        if self.retries:
            written["RetryPolicies"] = [policy.definition() for policy in self.retries]
        if self.cache:
            written["CacheConfig"] = self.cache.definition()
        return written
