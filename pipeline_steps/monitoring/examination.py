"""One period of an endpoint compared with its model's baseline: the reports and the figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, attributions
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.attribution_drift import attribution_violations, ndcg
from pipeline_steps.monitoring.bias import Bias, bias_section, bias_violations, measured_bias
from pipeline_steps.monitoring.capture_records import CaptureRecords
from pipeline_steps.monitoring.captured_rows import CapturedRows, read_rows
from pipeline_steps.monitoring.constraints import Violation, column_drift, data_violations, suggested_constraints
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.model_quality import (
    join_outcomes,
    outcomes_by_row,
    quality_document,
    quality_violations,
)
from pipeline_steps.monitoring.monitoring_options import OUTCOMES, ExplanationOptions, MonitoringOptions
from pipeline_steps.monitoring.statistics import statistics_document

_ATTRIBUTED_ROWS = 1000


@dataclass(frozen=True)
class MonitoredModel:
    """`package` is the model package that records name, "" where they name none."""

    package: str
    contract: Contract
    baseline: Baseline


def examine(captured: CaptureRecords, model: MonitoredModel, options: MonitoringOptions) -> Findings:
    """Compare one model's requests and responses with its baseline.

    Records of another model package are left out: each model has a baseline of its own.
    """
    own = [record for record in captured.records if record.model_package == model.package]
    rows = read_rows(model.contract, own)
    labelled = join_outcomes(own, options.quality.outcomes, model.contract.positive_label or "")
    measured = quality_document(labelled, model.contract.threshold) if len(labelled.scores) else {}
    worse = quality_violations(labelled, measured, options.quality.trained, options.quality.max_losses)
    bias = _bias(rows, model, options)
    now, usual = _attributions(rows, model.baseline, options.explained), model.baseline.attributions
    gain = ndcg(usual, now) if usual and now else None
    expected = options.constraints or suggested_constraints(model.contract, model.baseline, options.limits)
    drift = _drift(rows, model.baseline, options)
    violations = [
        *(() if options.only == OUTCOMES else data_violations(expected, model.contract, model.baseline, rows, drift)),
        *(worse or ()),
        *bias_violations(bias),
        *_attribution_violations(model.contract, gain, options.explained),
    ]
    quality = {"binary_classification_metrics": measured} if measured else {}
    return Findings(
        documents={
            "statistics.json": statistics_document(model.contract, rows) | quality,
            "constraints.json": expected,
            "constraint_violations.json": {"violations": violations},
            **_analysis(model.contract, options.explained, bias, now, usual),
        },
        violations=violations,
        drift=drift,
        rows=len(rows.scores),
        labelled=len(labelled.scores),
        quality=measured,
        worse=None if worse is None else len(worse),
        left_out=len(captured.records) - len(own) + captured.unreadable + rows.mismatched,
        malformed=options.quality.malformed,
        bias=bias,
        ndcg=gain,
        only=options.only,
    )


def _drift(rows: CapturedRows, baseline: Baseline, options: MonitoringOptions) -> dict[str, float]:
    drift = {} if options.only == OUTCOMES else column_drift(baseline, rows)
    return {name: index for name, index in drift.items() if name not in options.limits.excluded_from_drift}


def _bias(rows: CapturedRows, model: MonitoredModel, options: MonitoringOptions) -> list[Bias]:
    truth = outcomes_by_row(rows.records, options.quality.outcomes, model.contract.positive_label or "")
    bias = measured_bias(model.contract, model.baseline, rows, options.explained.facets, truth=truth)
    return [each for each in bias if options.only is None or each.labelled == (options.only == OUTCOMES)]


def _attribution_violations(
    contract: Contract, gain: float | None, explained: ExplanationOptions
) -> Iterator[Violation]:
    if gain is not None:
        yield from attribution_violations(contract.target or "", gain, explained.min_ndcg)


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
