"""Dashboards: one a use case, and one over all of them.

They are written as CloudWatch's JSON: with CDK's classes, each widget, metric and row is a call into its process. See
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.shared.arns import REGION
from slipway.endpoint_kinds import EndpointKind
from slipway.metrics import ENDPOINT_NAMESPACE, PIPELINES_NAMESPACE, SAGEMAKER_NAMESPACE, decision_namespace
from slipway.settings.names import VARIANT, Names

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60

_Widget = dict[str, Any]
_Line = list[Any]
"""A line of a graph: a metric's namespace, name, dimensions and options; or a search expression alone."""


class _Dashboard(Construct):
    """Rows of widgets from left to right; those of a row are of one height."""

    def __init__(
        self, scope: Construct, id_: str, *, name: str, rows: Sequence[Sequence[_Widget]], **options: str
    ) -> None:
        super().__init__(scope, id_)
        body = {**options, "widgets": list(_laid_out(rows))}
        cloudwatch.CfnDashboard(
            self, "Resource", dashboard_name=name, dashboard_body=json.dumps(body, separators=(",", ":"))
        )


class UseCaseDashboard(_Dashboard):
    """Cost, traffic by fleet, errors, latency, drift, canary decisions, and the training pipeline's runs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        kind: EndpointKind,
        alarms: Sequence[cloudwatch.IAlarm],
        served_on: str,
        cost: str,
    ) -> None:
        about = (
            f"# {names.prefix}\nEndpoint `{names.endpoint}` on `{served_on}`."
            " While a rollout is under way two fleets are billed."
            f" `slipway rollout status` shows its progress.\n\n{cost} `slipway cost` adds it up."
        )
        decisions = f'{{"{decision_namespace(names.endpoint)}",EndpointName,EndpointConfigName}} "{names.endpoint}"'
        cpu = f'{{/aws/sagemaker/Endpoints,EndpointName,VariantName}} "{names.endpoint}" CPUUtilization'
        rows = [
            [_widget("text", 24, 3, markdown=about)],
            [
                _by_fleet("Requests a minute, by fleet", names, *kind.requests),
                _by_fleet("Share of 5XX responses, by fleet", names, "Invocation5XXErrors", "Average"),
                _by_fleet("Latency p99 (us), by fleet", names, "ModelLatency", "p99"),
            ],
            [_latency(names), _drift(names), _found("Canary decisions (2 rolls back)", decisions)],
            [
                _runs(names),
                _found("Instances' CPU (%), by fleet", cpu, statistic="Average"),
                _widget("alarm", 8, 6, title="Alarms", alarms=[alarm.alarm_arn for alarm in alarms]),
            ],
        ]
        if kind.waits:
            rows.append(
                [_queue(names, metric) for metric in ("ApproximateBacklogSize", "ApproximateAgeOfOldestRequest")]
            )
        super().__init__(scope, id_, name=names.prefix, rows=rows, periodOverride="inherit")


class FleetDashboard(_Dashboard):
    """Every use case of one stage side by side: a line each in seven graphs; a dashboard may have 2,500."""

    def __init__(self, scope: Construct, id_: str, *, stage: str, kinds: Mapping[Names, EndpointKind]) -> None:
        """Make it of the use cases in `kinds`, each with the kind of its endpoint."""
        cases = list(kinds)
        requests = [_metric(names, *kind.requests, label=names.prefix) for names, kind in kinds.items()]

        def graph(title: str, metric: str, statistic: str) -> _Widget:
            lines = [_metric(names, metric, statistic, label=names.prefix) for names in cases]
            return _graph(title, lines, width=24)

        def drift(title: str, metric: str) -> _Widget:
            return _graph(title, [_drift_metric(names, metric) for names in cases], width=12)

        def runs(end: str) -> _Widget:
            lines = [_runs_metric(names, f"Execution{end}", label=names.prefix) for names in cases]
            return _graph(f"Training runs that {end.lower()}, a day", lines, width=12)

        rows = [
            [_graph("Requests a minute", requests, width=24)],
            [graph("Share of 5XX responses", "Invocation5XXErrors", "Average")],
            [graph("Latency p99 (us)", "ModelLatency", "p99")],
            [
                drift("Drift of the scores (PSI)", "PredictionDrift"),
                drift("Drift of the worst input (PSI)", "InputDrift"),
            ],
            [runs("Succeeded"), runs("Failed")],
        ]
        super().__init__(scope, id_, name=f"slipway-fleet-{stage}", rows=rows)


def _laid_out(rows: Sequence[Sequence[_Widget]]) -> Iterator[_Widget]:
    y = 0
    for row in rows:
        x = 0
        for widget in row:
            yield widget | {"x": x, "y": y}
            x += widget["width"]
        y += row[0]["height"]


def _widget(type_: str, width: int, height: int, **properties: object) -> _Widget:
    return {"type": type_, "width": width, "height": height, "properties": properties}


def _graph(title: str, lines: Sequence[_Line], *, width: int = 8) -> _Widget:
    return _widget("metric", width, 6, view="timeSeries", title=title, region=REGION, metrics=list(lines))


def _line(namespace: str, metric: str, dimensions: dict[str, str], *, statistic: str, period: int, label: str) -> _Line:
    named = [part for dimension in dimensions.items() for part in dimension]
    return [namespace, metric, *named, {"label": label, "period": period, "stat": statistic}]


def _metric(names: Names, metric: str, statistic: str, *, label: str) -> _Line:
    dimensions = {"EndpointName": names.endpoint, "VariantName": VARIANT}
    return _line(SAGEMAKER_NAMESPACE, metric, dimensions, statistic=statistic, period=_MINUTE, label=label)


def _by_fleet(title: str, names: Names, metric: str, statistic: str) -> _Widget:
    """A line an endpoint config: the names of the configs are CloudFormation's, so they are searched for."""
    schema = f"{{{SAGEMAKER_NAMESPACE},EndpointName,VariantName,EndpointConfigName}}"
    return _found(title, f'{schema} "{names.endpoint}" MetricName="{metric}"', statistic=statistic)


def _found(title: str, search: str, *, statistic: str = "Maximum") -> _Widget:
    expression = f"SEARCH('{search}', '{statistic}', {_MINUTE})"
    return _graph(title, [[{"expression": expression, "period": _MINUTE}]])


def _queue(names: Names, metric: str) -> _Widget:
    dimensions = {"EndpointName": names.endpoint}
    line = _line(SAGEMAKER_NAMESPACE, metric, dimensions, statistic="Maximum", period=_MINUTE, label=metric)
    return _graph(f"Queue: {metric}", [line], width=12)


def _latency(names: Names) -> _Widget:
    percentiles = [_metric(names, "ModelLatency", p, label=p) for p in ("p50", "p90", "p99")]
    return _graph("Latency of both fleets (us)", percentiles)


def _drift(names: Names) -> _Widget:
    schema = f"{{{ENDPOINT_NAMESPACE},EndpointName,VariantName,ModelPackageArn}}"
    return _found("Drift against the model's baseline (PSI), by model", f'{schema} "{names.endpoint}" Drift')


def _drift_metric(names: Names, metric: str) -> _Line:
    """Over whole hours, as in the drift alarms."""
    dimensions = {"EndpointName": names.endpoint, "VariantName": VARIANT}
    return _line(ENDPOINT_NAMESPACE, metric, dimensions, statistic="Average", period=_HOUR, label=names.prefix)


def _runs_metric(names: Names, metric: str, *, label: str) -> _Line:
    dimensions = {"PipelineName": names.pipeline}
    return _line(PIPELINES_NAMESPACE, metric, dimensions, statistic="Sum", period=_DAY, label=label)


def _runs(names: Names) -> _Widget:
    metrics = {"started": "ExecutionStarted", "succeeded": "ExecutionSucceeded", "failed": "ExecutionFailed"}
    lines = [_runs_metric(names, metric, label=label) for label, metric in metrics.items()]
    return _graph("Training runs a day", lines)
