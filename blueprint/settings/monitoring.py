"""What is watched once a model is live, who hears of it, and when training starts by itself."""

from typing import Annotated

from pydantic import Field, StringConstraints

from blueprint.settings.section import Section

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


class Monitoring(Section):
    """Drift is what the servers publish of inputs and scores against the model's baseline, hour by hour.

    Attributes:
        notify: addresses that are told of trainings, drift and rollouts; each confirms its subscription once.
        max_prediction_shift: population stability index of the scores.
        max_input_shift: of the worst column.
        drift_hours: so many hours in a row make it drift.
        retrain: drift starts the training pipeline; what it registers still waits for approval.
        retrain_pause_hours: at most one such start in so many hours.
    """

    notify: tuple[Email, ...] = Field((), max_length=20)
    max_prediction_shift: float = Field(0.25, gt=0)
    max_input_shift: float = Field(0.25, gt=0)
    drift_hours: int = Field(3, ge=1, le=24)
    retrain: bool = False
    retrain_pause_hours: int = Field(24, ge=6, le=24 * 30)
