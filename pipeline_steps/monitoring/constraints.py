"""`constraints.json` and `constraint_violations.json` as SageMaker's Model Monitor has them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.baseline.bins import Bins
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.statistics import LABEL, SCORE

Violation = dict[str, str]

_DEVIATIONS = 4.0
"""By so many standard errors a share must be worse than the baseline's: below, it is chance."""


@dataclass(frozen=True)
class ConstraintLimits:
    """`wrong_type` and `unknown` are shares of the rows; the drifts are population stability indices.

    `excluded_from_drift` columns may drift: a month or a promotion's code is always new.
    """

    input_drift: float = 0.5
    prediction_drift: float = 0.25
    wrong_type: float = 0.1
    unknown: float = 0.1
    excluded_from_drift: frozenset[str] = frozenset()


def suggested_constraints(contract: Contract, baseline: Baseline, limits: ConstraintLimits) -> dict[str, Any]:
    """Derive constraints on production data from the model's own baseline."""
    features = [
        _suggested(column, missing=int(bins.baseline[-1]), rows=int(bins.baseline.sum()))
        for column, bins in zip(contract.columns, baseline.columns, strict=True)
    ]
    distribution = {"distribution_constraints": {"comparison_threshold": limits.prediction_drift}}
    usual = {"completeness": 1.0, "monitoringConfigOverrides": distribution}
    predictions = [{"name": SCORE, "inferred_type": "Fractional", **usual}]
    if baseline.labels:
        predictions.append({"name": LABEL, "inferred_type": "String", **usual})
    return {
        "version": 0,
        "features": [*features, *predictions],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": limits.wrong_type,
            "domain_content_threshold": limits.unknown,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": limits.input_drift,
                "comparison_method": "PopulationStabilityIndex",
            },
        },
    }


def _suggested(column: FeatureColumn, *, missing: int, rows: int) -> dict[str, Any]:
    completeness = 1 - missing / rows if rows else 1.0
    entry: dict[str, Any] = {"name": column.name, "completeness": completeness}
    if isinstance(column, CategoryColumn):
        return entry | {"inferred_type": "String", "string_constraints": {"domains": list(column.categories)}}
    if isinstance(column, TextColumn):
        return entry | {"inferred_type": "String"}
    return entry | {"inferred_type": "Fractional", "num_constraints": {"is_non_negative": column.min >= 0}}


def data_violations(
    constraints: Mapping[str, Any],
    contract: Contract,
    baseline: Baseline,
    rows: CapturedRows,
    drift: Mapping[str, float],
) -> Iterator[Violation]:
    """Compare a period's rows with the constraints; `drift` has the predictions' too, and is empty for too few rows."""
    features = {entry["name"]: entry for entry in constraints.get("features", ())}
    config = constraints.get("monitoring_config", {})
    total = len(rows.features)
    if total:
        usual = {name: float(entry.get("completeness", 1)) for name, entry in features.items()}
        # absent means missing, which is a violation of its own where training had the value in every row
        for name, count in ((name, count) for name, count in rows.absent.items() if usual.get(name, 1) == 1):
            yield _violation(name, "missing_column_check", f"the column is absent from {count} of {total} rows")
        for name, count in rows.extra.items():
            yield _violation(name, "extra_column_check", f"{count} of {total} rows have it, and the model does not")
        for place, column in enumerate(contract.columns):
            expected = {**config, **features.get(column.name, {})}
            refused = float(rows.refused[:, place].mean())
            yield from _value_violations(expected, column, baseline.columns[place], rows.column(place), refused=refused)
    for name, index in drift.items():
        limit = _comparison_threshold(features.get(name, {}), config)
        if limit is not None and index > limit:
            description = f"the population stability index is {index:.3f}, above the limit of {limit:g}"
            yield _violation(name, "baseline_drift_check", description)


def _value_violations(
    expected: Mapping[str, Any], column: FeatureColumn, bins: Bins, values: NDArray[np.float32], *, refused: float
) -> Iterator[Violation]:
    if refused > (limit := float(expected.get("datatype_check_threshold", 0.1))):
        description = f"{refused:.1%} of the values are not what the contract allows, above {limit:.1%}"
        yield _violation(column.name, "data_type_check", description)
    if not len(values):
        return
    complete, usual = 1 - float(np.isnan(values).mean()), float(expected.get("completeness", 0))
    if complete < usual - _DEVIATIONS * math.sqrt(usual * (1 - usual) / len(values)):
        description = f"{complete:.2%} of the values are there, below the baseline's {usual:.2%}"
        yield _violation(column.name, "completeness_check", description)
    if isinstance(column, CategoryColumn):
        usual = float(bins.baseline[1 + column.other_code] / max(1, bins.baseline.sum()))
        unknown = float(np.mean(values == column.other_code))
        if unknown > usual + (limit := float(expected.get("domain_content_threshold", 0.1))):
            description = f"{unknown:.1%} of the categories are rare or unseen, more than {limit:.1%} above {usual:.1%}"
            yield _violation(column.name, "categorical_values_check", description)


def _comparison_threshold(entry: Mapping[str, Any], config: Mapping[str, Any]) -> float | None:
    own = entry.get("monitoringConfigOverrides", {}).get("distribution_constraints", {})
    compared = {**config.get("distribution_constraints", {}), **own}
    if compared.get("perform_comparison", "Enabled") != "Enabled" or "comparison_threshold" not in compared:
        return None
    return float(compared["comparison_threshold"])


def column_drift(baseline: Baseline, rows: CapturedRows) -> dict[str, float]:
    """Give the drift of each column, then the score's and the label's; of those with enough rows."""
    found = {}
    for place, bins in enumerate(baseline.columns):
        if len(values := rows.column(place)) >= FEWEST_ROWS:
            text = baseline.texts.get(place)
            index = bins.drift(values)
            found[bins.name] = max(index, text.drift(rows.allowed(place))) if text else index
    if len(rows.scores) >= FEWEST_ROWS:
        found[SCORE] = baseline.score.drift(rows.scores)
    labels = rows.labels[~np.isnan(rows.labels)]
    if baseline.labels and len(labels) >= FEWEST_ROWS:
        found[LABEL] = baseline.labels.drift(labels)
    return found


def _violation(name: str, check: str, description: str) -> Violation:
    return {"feature_name": name, "constraint_check_type": check, "description": description}
