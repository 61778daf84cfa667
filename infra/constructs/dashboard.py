"""Dashboards: one a use case, and one over all of them."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from blueprint.names import VARIANT, Names
from blueprint.new_fleet_alarms import SERVER_NAMESPACE, SERVICE_NAMESPACE
from blueprint.verdicts import VERDICT_NAMESPACE

_MINUTE = cdk.Duration.minutes(1)
_HOUR = cdk.Duration.hours(1)
_DAY = cdk.Duration.days(1)
_PIPELINES = "AWS/Sagemaker/ModelBuildingPipeline"


class UseCaseDashboard(cloudwatch.Dashboard):
    """Cost, traffic by fleet, errors, latency, shift, verdicts, drift, and the training pipeline's runs."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        alarms: Sequence[cloudwatch.IAlarm],
        served_on: str,
        cost: str,
    ) -> None:
        super().__init__(scope, id_, dashboard_name=names.prefix, period_override=cloudwatch.PeriodOverride.INHERIT)
        self.add_widgets(
            cloudwatch.TextWidget(
                markdown=f"# {names.prefix}\nEndpoint `{names.endpoint}` on `{served_on}`."
                " While a rollout is under way two fleets are billed."
                f" `slipway rollout status` tells what goes on.\n\n{cost} `slipway cost` adds it up.",
                width=24,
                height=3,
            )
        )
        self.add_widgets(
            _by_fleet("Requests a minute, by fleet", names, "Invocations", "Sum"),
            _by_fleet("Share of 5XX answers, by fleet", names, "Invocation5XXErrors", "Average"),
            _by_fleet("Latency p99 (us), by fleet", names, "ModelLatency", "p99"),
        )
        self.add_widgets(
            _latency(names),
            _shift(names),
            _found(
                "Verdicts (2 sends back)", f'{{{VERDICT_NAMESPACE},EndpointName,EndpointConfigName}} "{names.endpoint}"'
            ),
        )
        self.add_widgets(
            _runs(names),
            _found(
                "Instances' CPU (%), by fleet",
                f'{{/aws/sagemaker/Endpoints,EndpointName,VariantName}} "{names.endpoint}" CPUUtilization',
                statistic="Average",
            ),
            cloudwatch.AlarmStatusWidget(title="Drift", alarms=list(alarms), width=8, height=6),
        )


class FleetDashboard(cloudwatch.Dashboard):
    """Every use case of one stage side by side: a line each in seven graphs, of the 2,500 that a dashboard may have."""

    def __init__(self, scope: Construct, id_: str, *, stage: str, cases: Sequence[Names]) -> None:
        super().__init__(scope, id_, dashboard_name=f"slipway-fleet-{stage}")
        for title, metric, statistic in (
            ("Requests a minute", "Invocations", "Sum"),
            ("Share of 5XX answers", "Invocation5XXErrors", "Average"),
            ("Latency p99 (us)", "ModelLatency", "p99"),
        ):
            self.add_widgets(
                cloudwatch.GraphWidget(
                    title=title,
                    width=24,
                    left=[_metric(names, metric, statistic, label=names.prefix) for names in cases],
                )
            )
        for row in (
            {
                "Shift of the scores (PSI)": [_shift_metric(names, "PredictionShift") for names in cases],
                "Shift of the worst input (PSI)": [_shift_metric(names, "InputShift") for names in cases],
            },
            {
                f"Training runs that {end.lower()}, a day": [
                    _runs_metric(names, f"Execution{end}", label=names.prefix) for names in cases
                ]
                for end in ("Succeeded", "Failed")
            },
        ):
            self.add_widgets(
                *(cloudwatch.GraphWidget(title=title, width=12, left=lines) for title, lines in row.items())
            )


def _metric(names: Names, metric: str, statistic: str, *, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=SERVICE_NAMESPACE,
        metric_name=metric,
        dimensions_map={"EndpointName": names.endpoint, "VariantName": VARIANT},
        statistic=statistic,
        period=_MINUTE,
        label=label,
    )


def _by_fleet(title: str, names: Names, metric: str, statistic: str) -> cloudwatch.GraphWidget:
    """A line an endpoint config: the names of the configs are CloudFormation's, so they are searched for."""
    schema = f"{{{SERVICE_NAMESPACE},EndpointName,VariantName,EndpointConfigName}}"
    return _found(title, f'{schema} "{names.endpoint}" MetricName="{metric}"', statistic=statistic)


def _found(title: str, search: str, *, statistic: str = "Maximum") -> cloudwatch.GraphWidget:
    expression = cloudwatch.MathExpression(
        expression=f"SEARCH('{search}', '{statistic}', 60)", using_metrics={}, label="", period=_MINUTE
    )
    return cloudwatch.GraphWidget(title=title, left=[expression], width=8)


def _latency(names: Names) -> cloudwatch.GraphWidget:
    percentiles = [_metric(names, "ModelLatency", p, label=p) for p in ("p50", "p90", "p99")]
    return cloudwatch.GraphWidget(title="Latency of both fleets (us)", left=percentiles, width=8)


def _shift(names: Names) -> cloudwatch.GraphWidget:
    schema = f"{{{SERVER_NAMESPACE},EndpointName,VariantName,ModelPackageArn}}"
    return _found("Shift against the model's baseline (PSI), by model", f'{schema} "{names.endpoint}" Shift')


def _shift_metric(names: Names, metric: str) -> cloudwatch.Metric:
    """Over whole hours, as the drift alarms look at it."""
    return cloudwatch.Metric(
        namespace=SERVER_NAMESPACE,
        metric_name=metric,
        dimensions_map={"EndpointName": names.endpoint, "VariantName": VARIANT},
        statistic="Average",
        period=_HOUR,
        label=names.prefix,
    )


def _runs_metric(names: Names, metric: str, *, label: str) -> cloudwatch.Metric:
    return cloudwatch.Metric(
        namespace=_PIPELINES,
        metric_name=metric,
        dimensions_map={"PipelineName": names.pipeline},
        statistic="Sum",
        period=_DAY,
        label=label,
    )


def _runs(names: Names) -> cloudwatch.GraphWidget:
    metrics = {"started": "ExecutionStarted", "succeeded": "ExecutionSucceeded", "failed": "ExecutionFailed"}
    lines = [_runs_metric(names, metric, label=label) for label, metric in metrics.items()]
    return cloudwatch.GraphWidget(title="Training runs a day", left=lines, width=8)
