"""What is watched once a model is live, who gets notices, and when training starts by itself."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.settings.limits import MOST_DRIFT
from slipway.settings.section import ColumnName, Label, Section, matching

Email = Annotated[str, matching(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", "an e-mail address", max_length=254)]
HOURLY = "cron(0 * ? * * *)"
MonitorCron = Annotated[
    str,
    matching(
        r"^cron\(0 (\*|1?\d|2[0-3]) \? \* \* \*\)$",
        "cron(0 * ? * * *) for every hour, or such as cron(0 5 ? * * *) for once a day",
    ),
]
"""Once an hour or once a day: the two that Model Monitor promises to keep."""

BiasMetric = Literal["DPPL", "DI", "AD", "DCA", "DCR", "RD", "SD", "DAR", "DRR", "TE"]
"""SageMaker Clarify's, by its names.

DPPL and DI compare how often predictions are positive, by difference and by ratio. The others need outcomes: accuracy
(AD), outcomes by prediction (DCA, DCR), recall and specificity (RD, SD), precision of either label (DAR, DRR), and the
ratio of the two errors (TE). See https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html
"""

LABEL_FREE: frozenset[BiasMetric] = frozenset({"DPPL", "DI"})
"""Those that need no outcomes."""

Drift = Literal["data", "quality", "bias", "attribution"]
"""Inputs or scores as the servers see them; accuracy or AUC once outcomes are there; and what the job watches."""


class Facet(Section):
    """A group of rows that predictions may favour or harm, compared with all other rows."""

    column: ColumnName
    """The feature column that defines the group."""
    values: tuple[Label, ...] = ()
    """Categories that make up the group; without them each category is a group of its own."""
    threshold: float | None = None
    """For a number column: the group is above it."""
    metrics: dict[BiasMetric, Annotated[float, Field(gt=0, le=10)]] = Field(min_length=1)
    """Clarify's metrics, and how far each may be from the reference, beyond what chance explains."""
    reference: Literal["baseline", "parity"] = "baseline"
    """`baseline`: what the model does on its own held-out rows; `parity`: both groups alike."""


class Monitoring(Section):
    """What is watched once a model is live, who gets notices, and what starts training."""

    notify: tuple[Email, ...] = Field((), max_length=20)
    """Addresses that get notices of training, drift and rollouts; each confirms two subscriptions once."""
    max_prediction_drift: float = Field(0.25, gt=0, le=MOST_DRIFT)
    """Largest drift of the scores, as a population stability index."""
    max_input_drift: float = Field(0.25, gt=0, le=MOST_DRIFT)
    """Largest drift of the worst input column, as a population stability index."""
    drift_hours: int = Field(3, ge=1, le=24)
    """Hours in a row above the limit that raise the alarm."""
    retrain: bool = False
    """Whether drift starts the training pipeline; what it registers waits for approval."""
    retrain_on: tuple[Drift, ...] | None = Field(None, min_length=1)
    """Kinds of drift that start training; without it, all that are watched."""
    retrain_pause_hours: int = Field(24, ge=6, le=24 * 30)
    """At most one start in this time, over all kinds of drift together."""
    schedule: MonitorCron | None = None
    """When the job examines the last hour, `cron(0 * ? * * *)`, or the last day (UTC), such as `cron(0 2 ? * * *)`."""
    scheduler: Literal["eventbridge", "model_monitor"] = "eventbridge"
    """What starts the job; SageMaker Model Monitor has been closed to new customers since July 2026."""
    outcomes_after_hours: int = Field(0, ge=0, le=24 * 90)
    """Age of requests at which a second run examines what needs outcomes; 0 where they arrive before the job runs."""
    bias: tuple[Facet, ...] = Field((), max_length=10)
    """Groups whose treatment the job watches."""
    min_ndcg: float | None = Field(None, gt=0, le=1)
    """Least agreement of the columns' attributions with the model's own (nDCG; 0.9 in SageMaker Clarify)."""

    @property
    def runs_on_eventbridge(self) -> bool:
        """Whether EventBridge Scheduler starts the job."""
        return self.schedule is not None and self.scheduler == "eventbridge"

    @property
    def period_hours(self) -> int:
        """How much one run of the schedule examines."""
        return 1 if self.schedule == HOURLY else 24

    @property
    def retrains_on(self) -> frozenset[Drift]:
        """The kinds of drift that start training."""
        return frozenset(self.retrain_on or self.watched) if self.retrain else frozenset()

    @property
    def watched(self) -> frozenset[Drift]:
        """The kinds of drift that are looked for."""
        configured: dict[Drift, object] = {
            "data": True,
            "quality": self.schedule and self.brings_outcomes,
            "bias": self.schedule and self.bias,
            "attribution": self.schedule and self.min_ndcg,
        }
        return frozenset(kind for kind, watched in configured.items() if watched)

    @property
    def brings_outcomes(self) -> bool:
        """Whether the job is given what has come of the requests: Model Monitor's schedule has no input for it."""
        return self.scheduler == "eventbridge"

    @property
    def bias_metrics(self) -> frozenset[BiasMetric]:
        """Of all facets together."""
        return frozenset(metric for facet in self.bias for metric in facet.metrics)
