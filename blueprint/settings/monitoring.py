"""What is watched once a model is live, who hears of it, and when training starts by itself."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from blueprint.settings.section import ColumnName, Label, Section

if TYPE_CHECKING:
    from blueprint.settings.use_case import Settings

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]
HOURLY = "cron(0 * ? * * *)"
MonitorCron = Annotated[str, StringConstraints(pattern=r"^cron\(0 (\*|1?\d|2[0-3]) \? \* \* \*\)$")]
"""Once an hour or once a day: the two that Model Monitor promises to keep."""

BiasMetric = Literal["DPPL", "DI"]
"""SageMaker Clarify's: difference in positive proportions in predicted labels, and disparate impact, their ratio."""


class Facet(Section):
    """Whom predictions may come to favour: a group of one column's values, held against all other rows.

    Attributes:
        column: of the table's features.
        values: categories that make up the group; without them each category is one in turn.
        threshold: of a number column: the group lies above it.
        metrics: how far each may be from the reference, beyond what chance explains.
        reference: `baseline`, what the model does on its own held-out rows, or `parity`, both groups alike.
    """

    column: ColumnName
    values: tuple[Label, ...] = ()
    threshold: float | None = None
    metrics: dict[BiasMetric, Annotated[float, Field(gt=0)]] = Field(min_length=1)
    reference: Literal["baseline", "parity"] = "baseline"


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
        bias: whom that job watches; nobody without it.
        min_ndcg: below it the order of the columns' attributions has drifted: normalised discounted cumulative gain
            against the model's own on held-out rows, 0.9 in SageMaker Clarify; not watched without it.
    """

    notify: tuple[Email, ...] = Field((), max_length=20)
    max_prediction_shift: float = Field(0.25, gt=0)
    max_input_shift: float = Field(0.25, gt=0)
    drift_hours: int = Field(3, ge=1, le=24)
    retrain: bool = False
    retrain_pause_hours: int = Field(24, ge=6, le=24 * 30)
    schedule: MonitorCron | None = None
    scheduler: Literal["eventbridge", "model_monitor"] = "eventbridge"
    bias: tuple[Facet, ...] = Field((), max_length=10)
    min_ndcg: float | None = Field(None, gt=0, le=1)

    @property
    def period_hours(self) -> int:
        """How much one run of the schedule examines."""
        return 1 if self.schedule == HOURLY else 24


def monitoring_mistakes(settings: "Settings") -> Iterator[str]:
    """What the monitor's settings ask for and cannot have."""
    monitoring, columns = settings.monitoring, settings.data.columns
    if monitoring.schedule and not settings.endpoint.capture_percent:
        yield "monitoring.schedule must be left out with endpoint.capture_percent 0: nothing would be examined"
    for name in ("bias", "min_ndcg"):
        if getattr(monitoring, name) and not monitoring.schedule:
            yield f"monitoring.{name} must be left out without monitoring.schedule: its job is what looks"
    for facet in monitoring.bias:
        kind = columns.get(facet.column)
        if kind is None:
            yield f"monitoring.bias must name feature columns, got {facet.column}"
        elif (facet.threshold is None) == (kind == "number"):
            asked = "must" if kind == "number" else "must not"
            yield f"monitoring.bias of {facet.column} {asked} have a threshold: it is a {kind} column"
        elif facet.values and kind == "number":
            yield f"monitoring.bias of {facet.column} must not have values: it is a number column"
