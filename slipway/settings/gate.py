"""The gate: what a candidate must show on the untouched test split before it is registered."""

from pydantic import Field

from slipway.settings.section import Section


class Gate(Section):
    """What a candidate must show on the untouched test split before it is registered.

    Limits are compared with confidence bounds of the paired bootstrap: only what is proven refuses a candidate, and
    only what is proven passes `min_gain_over_naive`. Gains and losses are in units of the metric; a gain is an
    improvement, whichever direction of the metric is better.
    """

    metric: str | None = None
    """The primary metric, by which models are searched, chosen and compared; by default the problem's first."""
    confidence: float = Field(0.95, ge=0.5, lt=1)
    """Confidence of each bound, one-sided."""
    threshold: float | None = None
    """A value of the metric; a candidate that is proven worse is refused."""
    min_gain_over_naive: float = Field(0.0, ge=0)
    """Gain over a model without features that must be proven."""
    max_loss_to_reference: float = Field(0.0, ge=0)
    """Largest loss against the reference model; a proven larger one refuses."""
    max_loss_to_champion: float = Field(0.0, ge=0)
    """Largest loss against the champion, the newest approved model; a proven larger one refuses. Of a metric between 0
    and 1, a loss of 1 says that this refuses nothing."""
    max_train_validation_gap: float | None = Field(None, ge=0)
    """Largest loss from training rows to validation rows; without it the gap is reported and refuses nothing."""
    accuracy_target: float | None = Field(None, ge=0, le=1)
    """Accuracy that the report compares with; it refuses nothing."""
