"""What a candidate must show before any user meets it."""

from typing import Self

from pydantic import Field, model_validator

from slipway.settings.section import ColumnName, Section, raise_each


class Replay(Section):
    """How far a candidate may be from the champion on the requests that users sent recently.

    A limit refuses only what the requests prove to be beyond it: its lower confidence bound, not what was found.
    """

    max_requests: int = Field(2000, ge=1, le=20_000)
    """The newest ones are replayed."""
    min_requests: int = Field(50, ge=1)
    """Below so many, the replay judges nothing and says so."""
    max_error_percent: float = Field(0.5, ge=0, le=100)
    """Of the requests that the champion answers."""
    max_disagreement_percent: float = Field(10.0, ge=0, le=100)
    """Of the rows: another label, each model at its own threshold."""
    max_score_shift: float = Field(0.75, gt=0)
    """Population stability index over ten equal steps of the score; another algorithm shows up to 0.65."""
    max_mean_shift: float = Field(0.1, gt=0, le=1)
    """Of the mean score."""
    max_segment_shift: float = Field(0.15, gt=0, le=1)
    """Of the mean score in every segment."""
    segments: tuple[ColumnName, ...] = ()
    """Category columns whose values are segments; none named, all of them."""
    min_segment_rows: int = Field(100, ge=2)
    max_latency_ratio: float = Field(3.0, gt=1)
    """At the median, and at p99 from 1,000 requests on."""
    latency_floor_ms: float = Field(10.0, gt=0)
    """A candidate that is quicker is not refused, however quick the champion is."""

    @model_validator(mode="after")
    def _can_be_judged(self) -> Self:
        mistakes = []
        if self.min_requests > self.max_requests:
            mistakes.append(f"min_requests must be at most max_requests {self.max_requests}, got {self.min_requests}")
        if len(set(self.segments)) < len(self.segments):
            mistakes.append(f"segments must name each column once, got {', '.join(self.segments)}")
        raise_each(mistakes)
        return self
