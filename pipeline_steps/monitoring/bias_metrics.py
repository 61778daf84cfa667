"""SageMaker Clarify's post-training bias metrics, each with its standard error.

Clarify's facet d is the examined group, its facet a all other rows. Definitions and names:
https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-measure-post-training-bias.html. A rate of fewer than 30 rows is
not measured, where Clarify gives 0 or infinity.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline_steps.baseline.groups import Group
from pipeline_steps.problems.binary.metrics import Confusion

FEWEST_OF_A_GROUP = 30
"""With fewer rows inside or outside a group, of the kind that a rate is of, the rate is not measured."""


@dataclass(frozen=True)
class BiasEstimate:
    """A rate or a metric, and its standard error."""

    value: float
    error: float = 0.0


Measure = Callable[[Group, Group], BiasEstimate | None]
"""Of a group and all others; None where there are too few rows of either."""

Rate = Callable[[Confusion], BiasEstimate | None]


@dataclass(frozen=True)
class BiasMetric:
    """`parity` is what it is where both groups fare alike; a `labelled` one is of rows whose outcome is known."""

    title: str
    parity: float
    measure: Measure
    labelled: bool = False


def _share(count: int, rows: int) -> BiasEstimate | None:
    """Give a share of the rows; its error is not 0 where all are alike (Laplace's estimate)."""
    if rows < FEWEST_OF_A_GROUP:
        return None
    estimate = (count + 1) / (rows + 2)
    return BiasEstimate(count / rows, math.sqrt(estimate * (1 - estimate) / rows))


def _ratio(count: int, rows: int, wrong: int) -> BiasEstimate | None:
    """Give a ratio of two counts of one group, which are of the same rows but for the `wrong` predictions.

    The variance of its logarithm is wrong / (count * rows), by the delta method; one more of each keeps it from 0.
    """
    if rows < FEWEST_OF_A_GROUP:
        return None
    return BiasEstimate(count / rows, math.sqrt((count + 1) * (wrong + 1) / rows) / rows)


def _less(first: BiasEstimate | None, second: BiasEstimate | None) -> BiasEstimate | None:
    if first is None or second is None:
        return None
    return BiasEstimate(first.value - second.value, math.hypot(first.error, second.error))


def _positive(group: Group) -> BiasEstimate | None:
    return _share(group.positive, group.rows)


def _disparate_impact(inside: Group, outside: Group) -> BiasEstimate | None:
    ours, theirs = _positive(inside), _positive(outside)
    if ours is None or theirs is None or not theirs.value:
        return None
    ratio = ours.value / theirs.value
    return BiasEstimate(ratio, math.hypot(ours.error, ratio * theirs.error) / theirs.value)


def _labelled(title: str, rate: Rate, *, of_the_group: bool = False) -> BiasMetric:
    """Make the difference of a rate: all others' less the group's or, as Clarify has some, the group's less theirs."""

    def measure(inside: Group, outside: Group) -> BiasEstimate | None:
        if inside.outcomes is None or outside.outcomes is None:
            return None
        ours, theirs = rate(inside.outcomes), rate(outside.outcomes)
        return _less(ours, theirs) if of_the_group else _less(theirs, ours)

    return BiasMetric(title, 0.0, measure, labelled=True)


BIAS_METRICS: Mapping[str, BiasMetric] = {
    "DPPL": BiasMetric(
        "Difference in Positive Proportions in Predicted Labels",
        0.0,
        lambda inside, outside: _less(_positive(outside), _positive(inside)),
    ),
    "DI": BiasMetric("Disparate Impact", 1.0, _disparate_impact),
    "AD": _labelled("Accuracy Difference", lambda of: _share(of.correct, of.rows)),
    "DCA": _labelled(
        "Difference in Conditional Acceptance", lambda of: _ratio(of.positive, of.predicted_positive, of.wrong)
    ),
    "DCR": _labelled(
        "Difference in Conditional Rejection",
        lambda of: _ratio(of.negative, of.predicted_negative, of.wrong),
        of_the_group=True,
    ),
    "RD": _labelled("Recall Difference", lambda of: _share(of.true_positive, of.positive)),
    "SD": _labelled("Specificity Difference", lambda of: _share(of.true_negative, of.negative), of_the_group=True),
    "DAR": _labelled("Difference in Acceptance Rates", lambda of: _share(of.true_positive, of.predicted_positive)),
    "DRR": _labelled(
        "Difference in Rejection Rates", lambda of: _share(of.true_negative, of.predicted_negative), of_the_group=True
    ),
    "TE": _labelled(
        "Treatment Equality", lambda of: _ratio(of.false_negative, of.false_positive, of.wrong), of_the_group=True
    ),
}
