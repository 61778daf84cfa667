"""Bias of a model's predictions, by SageMaker Clarify's metrics, beside that on held-out rows."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.groups import Group, Groups
from pipeline_steps.errors import StepError
from pipeline_steps.monitoring.bias_metrics import BIAS_METRICS, BiasEstimate, BiasMetric
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.constraints import Violation
from pipeline_steps.monitoring.facets import Belongs, Facet, members

_DEVIATIONS = 3.0


@dataclass(frozen=True)
class Bias:
    """One metric of one group in a period.

    `now` is None where it could not be measured, of the `rows` that it is of; `usual` is what it is compared with, None
    where the model does not say.
    """

    facet: str
    value: str
    metric: str
    now: BiasEstimate | None
    usual: BiasEstimate | None
    limit: float
    rows: int

    @property
    def labelled(self) -> bool:
        """It needs rows whose outcome is known."""
        return BIAS_METRICS[self.metric].labelled

    @property
    def lacking(self) -> str:
        """Say why it is not evaluated; "" where it is."""
        if self.now is None:
            what = "labels" if self.labelled else "rows"
            return f"too few {what} to measure by" if self.rows else f"no {what}"
        return "" if self.usual else "no baseline"

    @property
    def drifted(self) -> bool:
        """Further away than the limit, and than chance explains."""
        if self.now is None or self.usual is None:
            return False
        beyond = abs(self.now.value - self.usual.value) - self.limit
        return beyond > _DEVIATIONS * math.hypot(self.now.error, self.usual.error)


def measured_bias(
    contract: Contract, baseline: Baseline, rows: CapturedRows, facets: Sequence[Facet], *, truth: NDArray[np.float64]
) -> list[Bias]:
    """Measure every metric of every facet, where both groups are large enough.

    Args:
        contract: the model's.
        baseline: the model's.
        rows: of the period.
        facets: the groups.
        truth: each row's outcome, 1 positive, 0 not, NaN not known.

    Raises:
        StepError: a facet names no column of the model, or a category that it does not have; or no label is positive.
    """
    if facets and contract.problem.label_kind != "positive":
        raise StepError(f"--facet needs a problem whose labels are positive or not, got {contract.problem_name}")
    predicted, known = rows.labels > 0, ~np.isnan(truth)
    places = {column.name: place for place, column in enumerate(contract.columns)}
    found: list[Bias] = []
    for facet in facets:
        if facet.name not in places:
            raise StepError(f"--facet must name one of {', '.join(places)}, got {facet.name}")
        place = places[facet.name]
        column = rows.features[:, place]
        now = {
            False: Groups.each(column, predicted),
            True: Groups.each(column[known], predicted[known], truth[known] > 0),
        }
        usual = baseline.predictions[place] if baseline.predictions else None
        for text, belongs in members(contract, place, facet, column):
            before = _divided(usual, belongs) if usual and not facet.parity else None
            for name, limit in facet.limits.items():
                metric = BIAS_METRICS[name]
                groups = _divided(now[metric.labelled], belongs)
                reference = BiasEstimate(metric.parity) if facet.parity else _measured(metric, before)
                looked_at = sum(group.rows for group in groups)
                found.append(Bias(facet.name, text, name, metric.measure(*groups), reference, limit, looked_at))
    return found


def _divided(groups: Groups, belongs: Belongs) -> tuple[Group, Group]:
    return groups.split(belongs(groups.values))


def _measured(metric: BiasMetric, groups: tuple[Group, Group] | None) -> BiasEstimate | None:
    return metric.measure(*groups) if groups else None


def not_evaluated(found: Sequence[Bias]) -> str:
    """Say how many metrics were not evaluated and why, "no labels (2), too few rows (1)"; "" where all were."""
    return ", ".join(f"{why} ({count})" for why, count in Counter(bias.lacking for bias in found).items() if why)


def bias_violations(found: Sequence[Bias]) -> Iterator[Violation]:
    """Report what has drifted, as Clarify's bias monitor does; `feature_name` is the name that other monitors' have."""
    for bias in found:
        if bias.now and bias.usual and bias.drifted:
            description = (
                f"{bias.metric} of {bias.value} is {bias.now.value:+.3f} +/- {bias.now.error:.3f}, further than "
                f"{bias.limit:g} from {bias.usual.value:+.3f}"
            )
            yield {
                "feature_name": bias.facet,
                "facet": bias.facet,
                "facet_value": bias.value,
                "metric_name": bias.metric,
                "constraint_check_type": "bias_drift_check",
                "description": description,
            }


def bias_section(contract: Contract, found: Sequence[Bias]) -> dict[str, Any]:
    """Write the section of Clarify's `analysis.json`; the baseline beside each value is ours."""
    facets: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for bias in found:
        facets.setdefault(bias.facet, {}).setdefault(bias.value, []).append(_entry(bias))
    return {
        "label": contract.target,
        "label_value_or_threshold": contract.positive_label or "1",
        "facets": {
            name: [{"value_or_threshold": text, "metrics": metrics} for text, metrics in groups.items()]
            for name, groups in facets.items()
        },
    }


def _entry(bias: Bias) -> dict[str, Any]:
    """Describe one metric; where it is not evaluated, `error` says why, as Clarify's does where it has no value."""
    entry = {
        "name": bias.metric,
        "description": f"{BIAS_METRICS[bias.metric].title} ({bias.metric})",
        "value": bias.now.value if bias.now else None,
        "baseline": bias.usual.value if bias.usual else None,
    }
    return entry | ({"error": f"{bias.lacking}, not evaluated"} if bias.lacking else {})
