"""One period of an endpoint, examined: the reports, the figures, and what to say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, Score, attributions
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.attribution_drift import attribution_violations, ndcg
from pipeline_steps.monitoring.bias import Bias, bias_section, bias_violations, measured_bias, not_judged
from pipeline_steps.monitoring.capture_records import Captured
from pipeline_steps.monitoring.captured_rows import Rows, read_rows
from pipeline_steps.monitoring.constraints import Limits, Violation, data_violations, shifts_of, suggested_constraints
from pipeline_steps.monitoring.facets import Facet
from pipeline_steps.monitoring.model_quality import join_outcomes, outcomes_by_row, quality_document, quality_violations
from pipeline_steps.monitoring.statistics import statistics_document

REQUESTS, OUTCOMES = "requests", "outcomes"
"""What only is examined, where outcomes arrive so late that a run of their own looks at them."""
_ATTRIBUTED_ROWS = 1000


@dataclass(frozen=True)
class Quality:
    """Outcomes (`malformed` lines were none), what they are compared with, and how much worse they may be."""

    outcomes: Mapping[str, list[bool]]
    trained: Mapping[str, float]
    max_losses: Mapping[str, float]
    malformed: int = 0


@dataclass(frozen=True)
class Explained:
    """What is asked about bias and attributions; `score` is the model's, None where attributions are not asked for."""

    facets: Sequence[Facet] = ()
    score: Score | None = None
    min_ndcg: float = 0.9


@dataclass(frozen=True)
class Findings:
    """`documents` are the reports by file name; `shifts` are empty where there are too few rows to tell.

    `worse` counts the metrics of quality that are, None where none was judged; `only` tells what was examined.
    """

    documents: Mapping[str, Mapping[str, Any]]
    violations: Sequence[Violation]
    shifts: Mapping[str, float]
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
        """The line by which SageMaker tells Completed from CompletedWithViolations."""
        seen = f"{self.rows} rows, {self.labelled} with an outcome, {self.left_out} records left out"
        if self.malformed:
            seen += f", {self.malformed} lines are no outcome"
        if lacking := not_judged(self.bias):
            seen += f", bias not judged: {lacking}"
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
    explained: Explained,
    only: str | None = None,
) -> Findings:
    """Compare what one model was asked and answered with its baseline.

    Records of another model package are left out: each model has a baseline of its own. Of `only` the requests, or only
    what outcomes tell of them, nothing else is judged.
    """
    own = [record for record in captured.records if record.model_package == package]
    rows = read_rows(contract, own)
    asked = constraints or suggested_constraints(contract, baseline, limits)
    shifts = {} if only == OUTCOMES else shifts_of(baseline, rows)
    shifts = {name: shift for name, shift in shifts.items() if name not in limits.unwatched}
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
        *(() if only == OUTCOMES else data_violations(asked, contract, baseline, rows, shifts)),
        *(worse or ()),
        *bias_violations(bias),
        *(attribution_violations(contract.target, gain, explained.min_ndcg) if gain is not None else ()),
    ]
    return Findings(
        documents={
            "statistics.json": statistics,
            "constraints.json": asked,
            "constraint_violations.json": {"violations": violations},
            **_analysis(contract, explained, bias, now, baseline.attributions),
        },
        violations=violations,
        shifts=shifts,
        rows=len(rows.scores),
        labelled=len(labelled.scores),
        quality=measured,
        worse=None if worse is None else len(worse),
        left_out=len(captured.records) - len(own) + captured.unreadable + rows.unlike,
        malformed=quality.malformed,
        bias=bias,
        ndcg=gain,
        only=only,
    )


def _attributions(rows: Rows, baseline: Baseline, explained: Explained) -> dict[str, float]:
    if explained.score is None or len(rows.scores) < FEWEST_ROWS:
        return {}
    return attributions(explained.score, baseline, rows.features, rows=_ATTRIBUTED_ROWS)


def _analysis(
    contract: Contract,
    explained: Explained,
    bias: Sequence[Bias],
    now: Mapping[str, float],
    usual: Mapping[str, float] | None,
) -> dict[str, dict[str, Any]]:
    """Write `analysis.json` as Clarify's monitors do; nothing where nothing of it was asked for."""
    analysis: dict[str, Any] = {"version": "1.0"}
    if explained.facets:
        analysis["post_training_bias_metrics"] = bias_section(contract, bias)
    if now:
        section = {f"global_{METHOD}_values": now, "baseline": usual}
        analysis["explanations"] = {METHOD: {contract.target: section}}
    return {"analysis.json": analysis} if len(analysis) > 1 else {}
