"""The rollout that the settings of a use case would make."""

from collections.abc import Mapping, Sequence
from typing import Any

from blueprint.guardrails.planned import PlannedRollout, Variant
from blueprint.names import VARIANT
from blueprint.new_fleet_alarms import new_fleet_alarms
from blueprint.rollout import deployment_config
from blueprint.settings import Settings

CONFIG_NAME = "${EndpointConfig.EndpointConfigName}"
CAPACITY = frozenset({"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"})
"""What RetainAllVariantProperties keeps."""


def planned_rollout(
    settings: Settings,
    *,
    config_name: str = CONFIG_NAME,
    alarms: Sequence[Mapping[str, Any]] | None = None,
    deployment: Mapping[str, Any] | None = None,
    requests_per_second: float | None = None,
) -> PlannedRollout:
    """The rollout of `settings`; alarms and DeploymentConfig that exist already are looked at instead of made."""
    endpoint, served = settings.names.endpoint, settings.endpoint
    if alarms is None:
        made = new_fleet_alarms(settings.rollout, endpoint_name=endpoint, config_name=config_name)
        alarms = tuple(made.values())
    if deployment is None:
        deployment = deployment_config(settings.rollout, [alarm["AlarmName"] for alarm in alarms])
    return PlannedRollout(
        endpoint=endpoint,
        config_name=config_name,
        variants=(Variant(VARIANT, served.instance_count, served.instance_type),),
        deployment=deployment,
        alarms=tuple(alarms),
        retained=CAPACITY,
        requests_per_second=requests_per_second,
        previous_variants=(VARIANT,),
    )
