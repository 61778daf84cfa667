"""Endpoints that take requests from a queue, and write the responses to S3."""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.settings.section import Section, raise_each


class BacklogScaling(Section):
    """The number of instances follows the queue."""

    min_instance_count: int = Field(0, ge=0, le=1000)
    """Fewest instances; with 0 an empty queue costs nothing, and the next request waits for an instance to start."""
    max_instance_count: int | None = Field(None, ge=1, le=1000)
    """Most instances; by default `instance_count`."""
    backlog_per_instance: float = Field(5.0, gt=0)
    """Waiting requests for each instance that scaling aims at."""
    scale_in_cooldown_seconds: int = Field(600, ge=0, le=3600)
    """Time after a change before instances are removed."""
    scale_out_cooldown_seconds: int = Field(300, ge=0, le=3600)
    """Time after a change before instances are added."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        low, high = self.min_instance_count, self.max_instance_count
        if high is not None and low > high:
            raise_each([f"min_instance_count must be at most max_instance_count, got {low} and {high}"])
        return self


class Asynchronous(Section):
    """Requests are objects in S3 that wait in a queue; each gets an hour at most, and its response is an object too.

    What AWS does not offer for such endpoints is refused rather than ignored; where `kind` is left out, this section
    makes it asynchronous.
    """

    max_concurrent_invocations: int | None = Field(None, ge=1, le=1000)
    """Requests that an instance works on at the same time; without it SageMaker chooses."""
    keep_days: int = Field(30, ge=1, le=3650)
    """Days after which requests and responses in S3 are deleted."""
    notifications: tuple[Literal["success", "error"], ...] = ("success", "error")
    """Of which requests the end is published, each to a topic of its own."""
    max_backlog: int = Field(1000, ge=1, le=1_000_000_000)
    """Most waiting requests; more raise an alarm."""
    max_age_seconds: int = Field(3600, ge=60, le=21_600)
    """Longest wait of a request; a longer one raises an alarm. SageMaker drops those that wait for six hours."""
    scaling: BacklogScaling = BacklogScaling()
