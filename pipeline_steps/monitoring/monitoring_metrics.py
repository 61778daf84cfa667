"""A period's metrics for CloudWatch: a line of the log, and the file that Model Monitor publishes."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from pipeline_steps.baseline.drift import published
from pipeline_steps.embedded_metrics import MONITORING_NAMESPACE, MetricDatum, metrics_line
from pipeline_steps.monitoring.findings import Findings
from pipeline_steps.monitoring.monitoring_environment import MonitoringEnvironment
from pipeline_steps.monitoring.monitoring_options import OUTCOMES
from pipeline_steps.monitoring.statistics import LABEL, SCORE


def emit(
    findings: Findings, environment: MonitoringEnvironment, *, write: Callable[[str], object], timestamp_ms: int
) -> None:
    """Write a line in the embedded metric format, and one for each group whose bias is known."""
    metrics = []
    if findings.only != OUTCOMES:
        metrics.append(MetricDatum("ScoredRows", findings.rows, "Count"))
        metrics.append(MetricDatum("Violations", len(findings.violations), "Count"))
    if findings.labelled or findings.only == OUTCOMES:
        metrics.append(MetricDatum("LabelledRows", findings.labelled, "Count"))
    if predictions := [findings.drift[name] for name in (SCORE, LABEL) if name in findings.drift]:
        metrics.append(MetricDatum("PredictionDrift", published(max(predictions))))
    if inputs := [index for name, index in findings.drift.items() if name not in {SCORE, LABEL}]:
        metrics.append(MetricDatum("InputDrift", published(max(inputs))))
    metrics += [
        MetricDatum(name, findings.quality[key]["value"])
        for name, key in findings.published_quality.items()
        if key in findings.quality
    ]
    if findings.worse is not None:
        metrics.append(MetricDatum("QualityViolations", findings.worse, "Count"))
    if findings.ndcg is not None:
        metrics.append(MetricDatum("NDCG", findings.ndcg))
    metrics += _bias(findings)
    write(metrics_line(MONITORING_NAMESPACE, environment.dimensions, metrics, timestamp_ms=timestamp_ms))
    for bias in findings.bias:
        if bias.now:
            dimensions = {**environment.dimensions, "Facet": bias.facet, "FacetValue": bias.value}
            write(
                metrics_line(
                    MONITORING_NAMESPACE,
                    dimensions,
                    [MetricDatum(bias.metric, bias.now.value)],
                    timestamp_ms=timestamp_ms,
                )
            )


def _bias(findings: Findings) -> Iterator[MetricDatum]:
    """Count what has drifted, apart for the metrics that need labels: nothing of a kind of which none was evaluated.

    Their alarms keep their state then: a period without labels ends no alarm that one with labels has raised.
    """
    for name, labelled in (("BiasViolations", False), ("LabelledBiasViolations", True)):
        if evaluated := [bias for bias in findings.bias if bias.labelled == labelled and not bias.lacking]:
            yield MetricDatum(name, sum(bias.drifted for bias in evaluated), "Count")
    if findings.bias:
        yield MetricDatum("BiasNotEvaluated", sum(bool(bias.lacking) for bias in findings.bias), "Count")


def metric_lines(findings: Findings, environment: MonitoringEnvironment, *, now: float) -> Iterator[str]:
    """Give the lines of the metrics file, by the names that the prebuilt monitor has."""
    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    dimensions = [{"Name": name, "Value": value} for name, value in environment.dimensions.items()]
    for name, value in _values(findings):
        yield json.dumps({"MetricName": name, "Timestamp": when, "Dimensions": dimensions, "Value": value})


def _values(findings: Findings) -> Iterator[tuple[str, float]]:
    for entry in findings.documents["statistics.json"]["features"] if findings.only != OUTCOMES else ():
        statistics: Mapping[str, Any] = entry.get("string_statistics") or entry["numerical_statistics"]
        yield f"feature_non_null_{entry['name']}", statistics["common"]["num_present"]
    for name, index in findings.drift.items():
        yield f"feature_baseline_drift_{name}", published(index)
    for name, measured in findings.quality.items():
        if "value" in measured:
            yield name, measured["value"]
    if findings.ndcg is not None:
        yield "ndcg", findings.ndcg
