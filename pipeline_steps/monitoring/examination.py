"""One period of an endpoint compared with its model's baseline: the reports and the figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.attributions import METHOD, attributions
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.attribution_drift import attribution_violations, ndcg
from pipeline_steps.monitoring.bias import Bias, bias_section, bias_violations, measured_bias
from pipeline_steps.monitoring.capture_records import CaptureRecords, read_responses
from pipeline_steps.monitoring.captured_rows import CapturedRows, read_rows
from pipeline_steps.monitoring.constraints import Violation, column_drift, data_violations, suggested_constraints
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.model_quality import (
    labelled_rows,
    outcomes_by_row,
    quality_violations,
    truth_reader,
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
    problem = model.contract.problem
    own = [record for record in captured.records if record.model_package == model.package]
    read = read_responses(own, model.contract.responder)
    rows = read_rows(model.contract, read.records)
    truth = outcomes_by_row(rows.records, options.quality.outcomes, truth_reader(model.contract))
    labelled = labelled_rows(model.contract, rows, truth)
    measured = problem.quality.measure(labelled) if problem.quality and len(labelled.truth) else {}
    worse = quality_violations(problem, labelled, measured, options.quality.trained, options.quality.limits)
    bias = _bias(rows, truth, model, options)
    now, usual = _attributions(rows, model, options.explained), model.baseline.attributions
    gain = ndcg(usual, now) if usual and now else None
    expected = options.constraints or suggested_constraints(model.contract, model.baseline, options.limits)
    drift = _drift(rows, model.baseline, options)
    violations = [
        *(() if options.only == OUTCOMES else data_violations(expected, model.contract, model.baseline, rows, drift)),
        *(worse or ()),
        *bias_violations(bias),
        *_attribution_violations(model.contract, gain, options.explained),
    ]
    quality = {problem.quality.section: measured} if problem.quality and measured else {}
    return Findings(
        documents={
            "statistics.json": statistics_document(model.contract, rows, model.baseline.labels) | quality,
            "constraints.json": expected,
            "constraint_violations.json": {"violations": violations},
            **_analysis(model.contract, options.explained, bias, now, usual),
        },
        violations=violations,
        drift=drift,
        rows=len(rows.scores),
        labelled=len(labelled.truth),
        quality=measured,
        worse=None if worse is None else len(worse),
        left_out=len(captured.records) - len(own) + captured.unreadable + read.unreadable + rows.mismatched,
        malformed=options.quality.malformed,
        bias=bias,
        ndcg=gain,
        only=options.only,
        published_quality=problem.quality.published if problem.quality else {},
    )


def _drift(rows: CapturedRows, baseline: Baseline, options: MonitoringOptions) -> dict[str, float]:
    drift = {} if options.only == OUTCOMES else column_drift(baseline, rows)
    return {name: index for name, index in drift.items() if name not in options.limits.excluded_from_drift}


def _bias(
    rows: CapturedRows, truth: NDArray[np.float64], model: MonitoredModel, options: MonitoringOptions
) -> list[Bias]:
    bias = measured_bias(model.contract, model.baseline, rows, options.explained.facets, truth=truth)
    return [each for each in bias if options.only is None or each.labelled == (options.only == OUTCOMES)]


def _attribution_violations(
    contract: Contract, gain: float | None, explained: ExplanationOptions
) -> Iterator[Violation]:
    if gain is not None:
        yield from attribution_violations(_predicted(contract), gain, explained.min_ndcg)


def _predicted(contract: Contract) -> str:
    """Name what is predicted: the target, or the output of a model that has none."""
    return contract.target or contract.problem.output


def _attributions(rows: CapturedRows, model: MonitoredModel, explained: ExplanationOptions) -> dict[str, float]:
    if explained.predict is None or len(rows.scores) < FEWEST_ROWS:
        return {}
    return attributions(explained.predict, model.contract, model.baseline, rows.features, rows=_ATTRIBUTED_ROWS)


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
        analysis["explanations"] = {METHOD: {_predicted(contract): section}}
    return {"analysis.json": analysis} if len(analysis) > 1 else {}
