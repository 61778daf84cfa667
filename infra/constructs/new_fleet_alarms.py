"""The alarms that send a rollout back, as CloudFormation resources."""

from typing import Any

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from blueprint.new_fleet_alarms import new_fleet_alarms
from blueprint.settings import Rollout


class NewFleetAlarms(Construct):
    """What `blueprint.new_fleet_alarms` describes, for one endpoint config.

    Attributes:
        descriptions: the alarms in CloudWatch's shape.
        names: the alarms' names, for the endpoint's deployment configuration.
    """

    def __init__(
        self, scope: Construct, id_: str, *, endpoint_name: str, config: sagemaker.CfnEndpointConfig, rollout: Rollout
    ) -> None:
        super().__init__(scope, id_)
        described = new_fleet_alarms(rollout, endpoint_name=endpoint_name, config_name=config.attr_endpoint_config_name)
        self.descriptions = list(described.values())
        self.names: list[str] = [description["AlarmName"] for description in self.descriptions]
        for kind, description in described.items():
            self._alarm(kind, description).cfn_options.condition = config.cfn_options.condition

    def _alarm(self, id_: str, described: dict[str, Any]) -> cloudwatch.CfnAlarm:
        return cloudwatch.CfnAlarm(
            self,
            id_,
            alarm_name=described["AlarmName"],
            alarm_description=described["AlarmDescription"],
            namespace=described["Namespace"],
            metric_name=described["MetricName"],
            dimensions=[
                cloudwatch.CfnAlarm.DimensionProperty(name=dimension["Name"], value=dimension["Value"])
                for dimension in described["Dimensions"]
            ],
            statistic=described.get("Statistic"),
            extended_statistic=described.get("ExtendedStatistic"),
            period=described["Period"],
            evaluation_periods=described["EvaluationPeriods"],
            datapoints_to_alarm=described["DatapointsToAlarm"],
            threshold=described["Threshold"],
            comparison_operator=described["ComparisonOperator"],
            treat_missing_data=described["TreatMissingData"],
        )
