"""The alarms that roll an update back, as CloudFormation resources."""

import re
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.rollout.new_fleet_alarms import DRIFT_ALARMS, new_fleet_alarms
from slipway.settings import Rollout

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class NewFleetAlarms(Construct):
    """What `slipway.rollout.new_fleet_alarms` describes, for one endpoint config; none without a `rollout`.

    Attributes:
        descriptions: the alarms in CloudWatch's shape.
        names: the alarms' names, for the endpoint's deployment configuration.
        drift_names: those of the alarms on drift.
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
        kind: EndpointKind = REAL_TIME,
        condition: cdk.CfnCondition | None = None,
    ) -> None:
        super().__init__(scope, id_)
        described = rollout and new_fleet_alarms(
            rollout, endpoint_name=endpoint_name, config_name=config_name, package_arn=package_arn, kind=kind
        )
        self.descriptions = list((described or {}).values())
        self.names: list[str] = [description["AlarmName"] for description in self.descriptions]
        self.drift_names = {alarm["AlarmName"] for name, alarm in (described or {}).items() if name in DRIFT_ALARMS}
        for name, description in (described or {}).items():
            properties = {_CAPITAL.sub("_", key).lower(): _in_cdk(value) for key, value in description.items()}
            cloudwatch.CfnAlarm(self, name, **properties).cfn_options.condition = condition


def _in_cdk(value: Any) -> Any:
    """Keys of structures inside a property begin in lower case."""
    if isinstance(value, dict):
        return {f"{key[0].lower()}{key[1:]}": _in_cdk(item) for key, item in value.items()}
    return [_in_cdk(item) for item in value] if isinstance(value, list) else value
