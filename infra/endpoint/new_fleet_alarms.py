"""The alarms that roll an update back, as CloudFormation resources."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from slipway.rollout.new_fleet_alarms import new_fleet_alarms
from slipway.settings import Rollout


class NewFleetAlarms(Construct):
    """What `slipway.rollout.new_fleet_alarms` describes, for one endpoint config; none without a `rollout`.

    Attributes:
        descriptions: the alarms in CloudWatch's shape.
        names: the alarms' names, for the endpoint's deployment configuration.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        endpoint_name: str,
        config_name: str,
        package_arn: str,
        rollout: Rollout | None,
        condition: cdk.CfnCondition | None = None,
    ) -> None:
        super().__init__(scope, id_)
        described = rollout and new_fleet_alarms(
            rollout, endpoint_name=endpoint_name, config_name=config_name, package_arn=package_arn
        )
        self.descriptions = list((described or {}).values())
        self.names: list[str] = [description["AlarmName"] for description in self.descriptions]
        for kind, description in (described or {}).items():
            self._alarm(kind, description).cfn_options.condition = condition

    def _alarm(self, id_: str, described: dict[str, Any]) -> cloudwatch.CfnAlarm:
        return cloudwatch.CfnAlarm(
            self,
            id_,
            alarm_name=described["AlarmName"],
            alarm_description=described["AlarmDescription"],
            **(_metric_math(described) if "Metrics" in described else _metric(described)),
            evaluation_periods=described["EvaluationPeriods"],
            datapoints_to_alarm=described["DatapointsToAlarm"],
            threshold=described["Threshold"],
            comparison_operator=described["ComparisonOperator"],
            treat_missing_data=described["TreatMissingData"],
        )


def _metric(described: dict[str, Any]) -> dict[str, Any]:
    return {
        "namespace": described["Namespace"],
        "metric_name": described["MetricName"],
        "dimensions": _dimensions(described["Dimensions"]),
        "statistic": described["Statistic"],
        "period": described["Period"],
    }


def _metric_math(described: dict[str, Any]) -> dict[str, Any]:
    return {"metrics": [_query(query) for query in described["Metrics"]]}


def _query(query: dict[str, Any]) -> cloudwatch.CfnAlarm.MetricDataQueryProperty:
    stat = query.get("MetricStat")
    return cloudwatch.CfnAlarm.MetricDataQueryProperty(
        id=query["Id"],
        expression=query.get("Expression"),
        metric_stat=stat and _metric_stat(stat),
        return_data=query["ReturnData"],
    )


def _metric_stat(stat: dict[str, Any]) -> cloudwatch.CfnAlarm.MetricStatProperty:
    metric = stat["Metric"]
    return cloudwatch.CfnAlarm.MetricStatProperty(
        metric=cloudwatch.CfnAlarm.MetricProperty(
            namespace=metric["Namespace"],
            metric_name=metric["MetricName"],
            dimensions=_dimensions(metric["Dimensions"]),
        ),
        period=stat["Period"],
        stat=stat["Stat"],
    )


def _dimensions(described: list[dict[str, str]]) -> list[cloudwatch.CfnAlarm.DimensionProperty]:
    return [
        cloudwatch.CfnAlarm.DimensionProperty(name=dimension["Name"], value=dimension["Value"])
        for dimension in described
    ]
