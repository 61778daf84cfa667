"""What is watched once a model is live, who hears of it, and when training starts by itself."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from blueprint.settings.section import Section

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
HOURLY = "cron(0 * ? * * *)"
MonitorCron = Annotated[str, StringConstraints(pattern=r"^cron\(0 (\*|1?\d|2[0-3]) \? \* \* \*\)$")]
"""Once an hour or once a day: the two that Model Monitor promises to keep."""


class Monitoring(Section):
    """Drift is what the servers publish of inputs and scores against the model's baseline, hour by hour.

    Attributes:
        notify: addresses that are told of trainings, drift and rollouts; each confirms its subscription once.
        max_prediction_shift: population stability index of the scores.
        max_input_shift: of the worst column.
        drift_hours: so many hours in a row make it drift.
        retrain: drift starts the training pipeline; what it registers still waits for approval.
        retrain_pause_hours: at most one such start in so many hours.
        schedule: when a job examines the requests of the last hour, `cron(0 * ? * * *)`, or of the last day in UTC,
            such as `cron(0 2 ? * * *)`; none without it.
        scheduler: who starts that job. Model Monitor shows its reports in SageMaker Studio, and has been closed to new
            customers since July 2026; see
            https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-availability-change.html
    """

    notify: tuple[Email, ...] = Field((), max_length=20)
    max_prediction_shift: float = Field(0.25, gt=0)
    max_input_shift: float = Field(0.25, gt=0)
    drift_hours: int = Field(3, ge=1, le=24)
    retrain: bool = False
    retrain_pause_hours: int = Field(24, ge=6, le=24 * 30)
    schedule: MonitorCron | None = None
    scheduler: Literal["eventbridge", "model_monitor"] = "eventbridge"

    @property
    def period_hours(self) -> int:
        """How much one run of the schedule examines."""
        return 1 if self.schedule == HOURLY else 24
