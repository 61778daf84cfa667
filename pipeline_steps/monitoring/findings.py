"""One period of an endpoint, examined: the reports, the figures, and its summary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, Score, attributions
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.attribution_drift import attribution_violations, ndcg
from pipeline_steps.monitoring.bias import Bias, bias_section, bias_violations, measured_bias, not_evaluated
from pipeline_steps.monitoring.capture_records import CaptureRecords
from pipeline_steps.monitoring.captured_rows import CapturedRows, read_rows
from pipeline_steps.monitoring.constraints import (
    ConstraintLimits,
    Violation,
    column_drift,
    data_violations,
    suggested_constraints,
)
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.monitoring.model_quality import join_outcomes, outcomes_by_row, quality_document, quality_violations
from pipeline_steps.monitoring.statistics import statistics_document

REQUESTS, OUTCOMES = "requests", "outcomes"
"""Which findings, where outcomes arrive so late that they have a run of their own."""
_ATTRIBUTED_ROWS = 1000


@dataclass(frozen=True)
class QualityOptions:
    """Outcomes (`malformed` lines were none), what they are compared with, and how much worse they may be."""

    outcomes: Mapping[str, list[bool]]
    trained: Mapping[str, float]
    max_losses: Mapping[str, float]
    malformed: int = 0


@dataclass(frozen=True)
class ExplanationOptions:
    """Options of bias and attributions; `score` is the model's, None without attributions."""

    facets: Sequence[Facet] = ()
    score: Score | None = None
    min_ndcg: float = 0.9


@dataclass(frozen=True)
class Findings:
    """`documents` are the reports by file name; `drift` is empty where there are too few rows.

    `worse` counts the quality metrics below their limit, None where none was evaluated; `only` says what was examined.
    """

    documents: Mapping[str, Mapping[str, Any]]
    violations: Sequence[Violation]
    drift: Mapping[str, float]
    rows: int
    labelled: int
    quality: Mapping[str, Any]
    worse: int | None
    left_out: int
    malformed: int = 0
    bias: Sequence[Bias] = ()
    ndcg: float | None = None
    only: str | None = None

    @property
    def message(self) -> str:
        """The line by which SageMaker distinguishes Completed from CompletedWithViolations."""
        seen = f"{self.rows} rows, {self.labelled} with an outcome, {self.left_out} records left out"
        if self.malformed:
            seen += f", {self.malformed} lines are no outcome"
        if lacking := not_evaluated(self.bias):
            seen += f", bias not evaluated: {lacking}"
        if self.violations:
            first = self.violations[0]
            text = f"{first.get('feature_name') or first['metric_name']}: {first['description']}"
            return f"CompletedWithViolations: {len(self.violations)} violations in {seen}; the first: {text}"
        if self.rows < FEWEST_ROWS:
            return f"Completed: no violation in {seen}; too few rows to evaluate drift."
        return f"Completed: no violation in {seen}."


def examine(
    captured: CaptureRecords,
    *,
    package: str,
    contract: Contract,
    baseline: Baseline,
    limits: ConstraintLimits,
    constraints: Mapping[str, Any] | None,
    quality: QualityOptions,
    explained: ExplanationOptions,
    only: str | None = None,
) -> Findings:
    """Compare one model's requests and responses with its baseline.

    Records of another model package are left out: each model has a baseline of its own. `only` limits the findings to
    those of requests or those of outcomes.
    """
    own = [record for record in captured.records if record.model_package == package]
    rows = read_rows(contract, own)
    expected = constraints or suggested_constraints(contract, baseline, limits)
    drift = {} if only == OUTCOMES else column_drift(baseline, rows)
    drift = {name: index for name, index in drift.items() if name not in limits.unwatched}
    statistics = statistics_document(contract, rows)
    labelled = join_outcomes(own, quality.outcomes, contract.positive_label)
    measured = quality_document(labelled, contract.threshold) if len(labelled.scores) else {}
    if measured:
        statistics["binary_classification_metrics"] = measured
    worse = quality_violations(labelled, measured, quality.trained, quality.max_losses)
    truth = outcomes_by_row(rows.records, quality.outcomes, contract.positive_label)
    bias = measured_bias(contract, baseline, rows, explained.facets, truth=truth)
    bias = [each for each in bias if only is None or each.labelled == (only == OUTCOMES)]
    now = _attributions(rows, baseline, explained)
    gain = ndcg(baseline.attributions, now) if baseline.attributions and now else None
    violations = [
        *(() if only == OUTCOMES else data_violations(expected, contract, baseline, rows, drift)),
        *(worse or ()),
        *bias_violations(bias),
        *(attribution_violations(contract.target, gain, explained.min_ndcg) if gain is not None else ()),
    ]
    return Findings(
        documents={
            "statistics.json": statistics,
            "constraints.json": expected,
            "constraint_violations.json": {"violations": violations},
            **_analysis(contract, explained, bias, now, baseline.attributions),
        },
        violations=violations,
        drift=drift,
        rows=len(rows.scores),
        labelled=len(labelled.scores),
        quality=measured,
        worse=None if worse is None else len(worse),
        left_out=len(captured.records) - len(own) + captured.unreadable + rows.mismatched,
        malformed=quality.malformed,
        bias=bias,
        ndcg=gain,
        only=only,
    )


def _attributions(rows: CapturedRows, baseline: Baseline, explained: ExplanationOptions) -> dict[str, float]:
    if explained.score is None or len(rows.scores) < FEWEST_ROWS:
        return {}
    return attributions(explained.score, baseline, rows.features, rows=_ATTRIBUTED_ROWS)


def _analysis(
    contract: Contract,
    explained: ExplanationOptions,
    bias: Sequence[Bias],
    now: Mapping[str, float],
    usual: Mapping[str, float] | None,
) -> dict[str, dict[str, Any]]:
    """Write `analysis.json` as Clarify's monitors do; nothing without facets and attributions."""
    analysis: dict[str, Any] = {"version": "1.0"}
    if explained.facets:
        analysis["post_training_bias_metrics"] = bias_section(contract, bias)
    if now:
        section = {f"global_{METHOD}_values": now, "baseline": usual}
        analysis["explanations"] = {METHOD: {contract.target: section}}
    return {"analysis.json": analysis} if len(analysis) > 1 else {}
