"""One period of an endpoint, examined: the reports, the figures, and what to say of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.models.contract import Contract
from pipeline_steps.monitoring.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.captured import Captured
from pipeline_steps.monitoring.constraints import Limits, Violation, data_violations, shifts_of, suggested_constraints
from pipeline_steps.monitoring.quality import (
    Labelled,
    bias_document,
    join_outcomes,
    quality_document,
    quality_violations,
)
from pipeline_steps.monitoring.rows import read_rows
from pipeline_steps.monitoring.statistics import statistics_document


@dataclass(frozen=True)
class Quality:
    """What outcomes are compared with, and how much worse than on validation they may be."""

    outcomes: Mapping[str, list[bool]]
    trained: Mapping[str, float]
    max_losses: Mapping[str, float]
    facets: Sequence[str] = ()
    max_dppl: float = 1.0


@dataclass(frozen=True)
class Findings:
    """`documents` are the reports by file name; `shifts` are empty where there are too few rows to tell."""

    documents: Mapping[str, Mapping[str, Any]]
    violations: Sequence[Violation]
    shifts: Mapping[str, float]
    rows: int
    labelled: int
    quality: Mapping[str, Any]
    left_out: int

    @property
    def message(self) -> str:
        """The line by which SageMaker tells Completed from CompletedWithViolations."""
        seen = f"{self.rows} rows, {self.labelled} with an outcome, {self.left_out} records left out"
        if self.violations:
            first = self.violations[0]
            told = f"{first.get('feature_name') or first['metric_name']}: {first['description']}"
            return f"CompletedWithViolations: {len(self.violations)} violations in {seen}; the first: {told}"
        if self.rows < FEWEST_ROWS:
            return f"Completed: no violation in {seen}; too few rows to judge drift."
        return f"Completed: no violation in {seen}."


def examine(
    captured: Captured,
    *,
    package: str,
    contract: Contract,
    baseline: Baseline,
    limits: Limits,
    constraints: Mapping[str, Any] | None,
    quality: Quality,
) -> Findings:
    """Compare what one model was asked and answered with its baseline.

    Records of another model package are left out: each model has a baseline of its own.
    """
    own = [record for record in captured.records if record.model_package == package]
    rows = read_rows(contract, own)
    asked = constraints or suggested_constraints(contract, baseline, limits)
    shifts = {name: shift for name, shift in shifts_of(baseline, rows).items() if name not in limits.unwatched}
    labelled = join_outcomes(own, quality.outcomes, contract.positive_label)
    statistics = statistics_document(contract, rows)
    measured: dict[str, Any] = {}
    if len(labelled.scores):
        measured = statistics["binary_classification_metrics"] = quality_document(labelled, contract.threshold)
    bias = bias_document(contract, rows, quality.facets)
    if bias:
        statistics["bias_metrics"] = {"DPPL": bias}
    violations = [
        *data_violations(asked, contract, baseline, rows, shifts),
        *_quality_violations(labelled, measured, quality),
        *_bias_violations(bias, quality.max_dppl),
    ]
    return Findings(
        documents={
            "statistics.json": statistics,
            "constraints.json": asked,
            "constraint_violations.json": {"violations": violations},
        },
        violations=violations,
        shifts=shifts,
        rows=len(rows.scores),
        labelled=len(labelled.scores),
        quality=measured,
        left_out=len(captured.records) - len(own) + captured.unreadable + rows.unlike,
    )


def _quality_violations(labelled: Labelled, measured: Mapping[str, Any], quality: Quality) -> Iterator[Violation]:
    if labelled.enough:
        yield from quality_violations(measured, quality.trained, quality.max_losses)


def _bias_violations(bias: Mapping[str, Mapping[str, float]], max_dppl: float) -> Iterator[Violation]:
    for facet, groups in bias.items():
        for category, dppl in groups.items():
            if abs(dppl) > max_dppl:
                told = f"predictions for {category} differ from the others' by {dppl:+.3f}, beyond {max_dppl:g}"
                yield {"feature_name": facet, "constraint_check_type": "bias_drift_check", "description": told}
