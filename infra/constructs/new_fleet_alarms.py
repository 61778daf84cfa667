"""The alarms that send a rollout back: they watch the new fleet alone."""

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from blueprint.names import VARIANT
from blueprint.settings import Rollout


class NewFleetAlarms(Construct):
    """Named after the endpoint config, so that each rollout gets fresh ones: an updated alarm would keep its state.

    Their `EndpointConfigName` dimension selects the fleet of that config; with the endpoint's name alone an
    ailing old fleet would stop its own replacement.

    Attributes:
        names: the alarms' names, for the endpoint's deployment configuration.
    """

    def __init__(
        self, scope: Construct, id_: str, *, endpoint_name: str, config: sagemaker.CfnEndpointConfig, rollout: Rollout
    ) -> None:
        super().__init__(scope, id_)
        self._config, self._endpoint_name, self._rollout = config, endpoint_name, rollout
        self.names: list[str] = []
        share = rollout.max_error_percent / 100
        for kind, metric in (("ServerErrors", "Invocation5XXErrors"), ("ModelErrors", "InvocationModelErrors")):
            self._alarm(
                kind,
                metric_name=metric,
                # Errors are 1 or 0 a request: their average is the share of failed requests.
                statistic="Average",
                threshold=share,
                description=f"More than {rollout.max_error_percent:g} % of the new fleet's answers are errors",
            )
        self._alarm(
            "Latency",
            metric_name="ModelLatency",
            extended_statistic=f"p{rollout.latency_percentile:g}",
            threshold=rollout.max_latency_ms * 1000,  # the metric is in microseconds
            description=f"The new fleet's latency is above {rollout.max_latency_ms:g} ms",
        )

    def _alarm(
        self,
        id_: str,
        *,
        metric_name: str,
        threshold: float,
        description: str,
        statistic: str | None = None,
        extended_statistic: str | None = None,
    ) -> None:
        name = f"{self._config.attr_endpoint_config_name}-{id_}"
        dimensions = {
            "EndpointName": self._endpoint_name,
            "VariantName": VARIANT,
            "EndpointConfigName": self._config.attr_endpoint_config_name,
        }
        alarm = cloudwatch.CfnAlarm(
            self,
            id_,
            alarm_name=name,
            alarm_description=description,
            namespace="AWS/SageMaker",
            metric_name=metric_name,
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name=dimension, value=value)
                for dimension, value in dimensions.items()
            ],
            statistic=statistic,
            extended_statistic=extended_statistic,
            period=self._rollout.alarm_period_seconds,
            evaluation_periods=self._rollout.alarm_periods,
            datapoints_to_alarm=self._rollout.alarm_periods,
            threshold=threshold,
            comparison_operator="GreaterThanThreshold",
            # A fleet that gets no traffic yet is no broken fleet; without this nothing could be baked in a quiet hour.
            treat_missing_data="notBreaching",
        )
        alarm.cfn_options.condition = self._config.cfn_options.condition
        self.names.append(name)
