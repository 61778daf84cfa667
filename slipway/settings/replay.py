"""What a candidate must show before any user meets it."""

from typing import Self

from pydantic import Field, model_validator

from slipway.settings.limits import MOST_DRIFT
from slipway.settings.section import ColumnName, Section, raise_each


class Replay(Section):
    """How far a candidate may be from the champion on the requests that users sent recently.

    A limit is compared with a lower confidence bound, so it refuses only what the requests prove. The score is the
    probability of the positive label or of the likeliest class, the predicted number, or the distance to the cluster.
    Where it has no bounds, the champion's range is from the 1st to the 99th percentile of what it responded. Clusters
    are compared by who is grouped with whom, for their numbers are each model's own.
    """

    max_requests: int = Field(2000, ge=1, le=20_000)
    """Requests that are replayed at most, the newest ones."""
    min_requests: int = Field(50, ge=1)
    """Below this number the replay refuses nothing and reports so."""
    max_error_percent: float = Field(0.5, ge=0, lt=100)
    """Largest share of errors among the requests that the champion answers."""
    max_disagreement_percent: float | None = Field(None, ge=0, lt=100)
    """Largest share of rows with another label, or a number that differs by more than a tenth of the champion's range.

    By default 10, or the share in which two models of the champion's accuracy differ by their errors, if that is more.
    A number that differs by less than the champion's error on validation is no other one. Where the champion is the
    model that the evaluation compared with, this and the next three limits are by default no lower than the difference
    that it measured on the test rows and the gate accepted.
    """
    max_score_psi: float | None = Field(None, gt=0, le=MOST_DRIFT)
    """Largest population stability index over ten equal steps of the score, or tenths of the champion's numbers.

    By default 0.75. A row whose score moves by less than a step stays in its step. Distributions that lie less than a
    tenth of the scores' range apart are not refused for their shape.
    """
    max_mean_difference: float | None = Field(None, gt=0, lt=1)
    """Largest difference of the mean score, by default 0.1; of unbounded numbers a share of the champion's range."""
    max_segment_difference: float | None = Field(None, gt=0, lt=1)
    """Largest difference of the mean score in any segment, in the same units. By default 0.15."""
    segments: tuple[ColumnName, ...] = ()
    """Category columns whose values are segments; without any, all of them."""
    min_segment_rows: int = Field(100, ge=2, le=20_000)
    """Rows below which a segment is not compared."""
    max_latency_ratio: float = Field(3.0, gt=1, le=100)
    """Largest ratio of the candidate's latency to the champion's, at the median, and at p99 from 1,000 requests on."""
    latency_floor_ms: float = Field(10.0, gt=0, le=10_000)
    """A candidate below this latency is not refused, however fast the champion is."""

    @model_validator(mode="after")
    def _can_be_decided(self) -> Self:
        errors = []
        if self.min_requests > self.max_requests:
            errors.append(f"min_requests must be at most max_requests {self.max_requests}, got {self.min_requests}")
        if len(set(self.segments)) < len(self.segments):
            errors.append(f"segments must name each column once, got {', '.join(self.segments)}")
        raise_each(errors)
        return self
