"""The endpoint, and how a new model takes it over."""

from collections.abc import Iterator
from math import ceil
from typing import Literal, Self

from pydantic import Field, model_validator

from blueprint.settings.section import InstanceType, Section, raise_each


class Endpoint(Section):
    instance_type: InstanceType = "ml.m5.large"
    instance_count: int = Field(4, ge=1, le=100)
    capture_percent: int = Field(100, ge=0, le=100)


class Rollout(Section):
    """How a new model takes over the endpoint, and what sends the traffic back."""

    type: Literal["canary", "linear", "all_at_once", "rolling"] = "canary"
    canary_percent: int = Field(25, ge=1, le=50)
    step_percent: int = Field(25, ge=5, le=50)
    bake_seconds: int = Field(300, ge=60, le=3600)
    final_bake_seconds: int = Field(120, ge=0, le=3600)
    timeout_seconds: int = Field(3600, ge=600, le=28800)
    alarm_period_seconds: Literal[60, 120, 300] = 60
    alarm_periods: int = Field(1, ge=1, le=10)
    max_error_percent: float = Field(5.0, gt=0, lt=100)
    max_latency_ms: float = Field(500.0, gt=0)
    latency_percentile: float = Field(90.0, ge=50, lt=100)

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        raise_each(self._mistakes())
        return self

    def _mistakes(self) -> Iterator[str]:
        window = self.alarm_period_seconds * self.alarm_periods
        if window > self.bake_seconds:
            yield f"alarm_period_seconds x alarm_periods must fit in bake_seconds {self.bake_seconds}, got {window}"
        bakes = ceil(100 / self.step_percent) if self.type in ("linear", "rolling") else 1
        if (shortest := bakes * self.bake_seconds + self.final_bake_seconds) >= self.timeout_seconds:
            yield f"timeout_seconds must exceed the waits ({shortest}), got {self.timeout_seconds}"
        if self.type == "linear" and self.step_percent < 10:
            yield f"step_percent must be in 10..50 for linear, got {self.step_percent}"
