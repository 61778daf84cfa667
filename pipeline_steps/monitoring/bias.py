"""Whom a model's predictions favour, by SageMaker Clarify's metrics, beside what it did on held-out rows."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_steps.errors import StepError
from pipeline_steps.models.contract import Contract
from pipeline_steps.monitoring.baseline import Baseline
from pipeline_steps.monitoring.constraints import Violation
from pipeline_steps.monitoring.facets import Facet, members
from pipeline_steps.monitoring.groups import Group, Groups
from pipeline_steps.monitoring.rows import Rows

FEWEST_OF_A_GROUP = 30
"""With fewer rows inside or outside a group its share of positive predictions is not measured."""

_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Measured:
    """A metric and its standard error."""

    value: float
    error: float = 0.0


def _difference(inside: Group, outside: Group) -> Measured:
    return Measured(outside.share - inside.share, math.sqrt(inside.variance + outside.variance))


def _ratio(inside: Group, outside: Group) -> Measured | None:
    if not outside.positive:
        return None
    ratio = inside.share / outside.share
    return Measured(ratio, math.sqrt(inside.variance + ratio**2 * outside.variance) / outside.share)


@dataclass(frozen=True)
class Metric:
    """`parity` is what it is where both groups fare alike."""

    title: str
    parity: float
    measure: Callable[[Group, Group], Measured | None]


_METRICS: Mapping[str, Metric] = {
    "DPPL": Metric("Difference in Positive Proportions in Predicted Labels", 0.0, _difference),
    "DI": Metric("Disparate Impact", 1.0, _ratio),
}


@dataclass(frozen=True)
class Bias:
    """One metric of one group in a period; `usual` is what it is compared with, None where the model does not say."""

    facet: str
    value: str
    metric: str
    now: Measured
    usual: Measured | None
    limit: float

    @property
    def drifted(self) -> bool:
        """Further away than the limit, and than chance explains."""
        if self.usual is None:
            return False
        beyond = abs(self.now.value - self.usual.value) - self.limit
        return beyond > _DEVIATIONS * math.hypot(self.now.error, self.usual.error)


def measured_bias(contract: Contract, baseline: Baseline, rows: Rows, facets: Sequence[Facet]) -> list[Bias]:
    """Measure every metric of every facet, where both groups are large enough.

    Raises:
        StepError: a facet names no column of the model, or a category that it does not know.
    """
    said = rows.scores >= contract.threshold
    places = {column.name: place for place, column in enumerate(contract.columns)}
    found: list[Bias] = []
    for facet in facets:
        if facet.name not in places:
            raise StepError(f"--facet must name one of {', '.join(places)}, got {facet.name}")
        place = places[facet.name]
        column = rows.features[:, place]
        known = ~np.isnan(column)
        usual = baseline.predictions[place] if baseline.predictions else None
        now = Groups(column[known], np.ones(known.sum(), dtype=np.int64), said[known].astype(np.int64))
        for text, belongs in members(contract, place, facet, column):
            before = usual.split(belongs(usual.values)) if usual else None
            found += _metrics(facet, text, now.split(belongs(now.values)), before)
    return found


def _metrics(facet: Facet, text: str, now: tuple[Group, Group], usual: tuple[Group, Group] | None) -> Iterator[Bias]:
    if min(group.rows for group in now) < FEWEST_OF_A_GROUP:
        return
    for name, limit in facet.limits.items():
        metric = _METRICS[name]
        reference = Measured(metric.parity) if facet.parity else None
        if usual and not facet.parity and min(group.rows for group in usual) >= FEWEST_OF_A_GROUP:
            reference = metric.measure(*usual)
        if measured := metric.measure(*now):
            yield Bias(facet.name, text, name, measured, reference, limit)


def bias_violations(found: Sequence[Bias]) -> Iterator[Violation]:
    """Tell what has drifted, as Clarify's bias monitor does; `feature_name` is the name that other monitors' have."""
    for bias in found:
        if bias.usual and bias.drifted:
            told = (
                f"{bias.metric} of {bias.value} is {bias.now.value:+.3f} +/- {bias.now.error:.3f}, further than "
                f"{bias.limit:g} from {bias.usual.value:+.3f}"
            )
            yield {
                "feature_name": bias.facet,
                "facet": bias.facet,
                "facet_value": bias.value,
                "metric_name": bias.metric,
                "constraint_check_type": "bias_drift_check",
                "description": told,
            }


def bias_section(contract: Contract, found: Sequence[Bias]) -> dict[str, Any]:
    """Write the section of Clarify's `analysis.json`; the baseline beside each value is ours."""
    facets: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for bias in found:
        facets.setdefault(bias.facet, {}).setdefault(bias.value, []).append(
            {
                "name": bias.metric,
                "description": f"{_METRICS[bias.metric].title} ({bias.metric})",
                "value": bias.now.value,
                "baseline": bias.usual.value if bias.usual else None,
            }
        )
    return {
        "label": contract.target,
        "label_value_or_threshold": contract.positive_label,
        "facets": {
            name: [{"value_or_threshold": text, "metrics": metrics} for text, metrics in groups.items()]
            for name, groups in facets.items()
        },
    }
