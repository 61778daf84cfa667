"""A template of one guarded endpoint behind a parameter that names its package: empty, there is no endpoint."""

import json
from collections.abc import Mapping
from typing import Any

PARAMETER = "ModelPackageArn"
CONFIG_NAME = {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}
_HAS_MODEL = "HasModel"
_TOKEN = "0123456789abcdef"
_SERVED = "ServedModelPackageArn"


def endpoint_template(
    *,
    endpoint: str,
    role: str,
    alarm: Mapping[str, Any],
    canary_percent: int,
    bake_seconds: int,
    final_seconds: int,
    capture: Mapping[str, Any] | None = None,
    tags: Mapping[str, Mapping[str, str]] | None = None,
    further: Mapping[str, Any] | None = None,
    shadowed: bool = False,
    challenged: bool = False,
    drift: Mapping[str, Any] | None = None,
) -> str:
    """A canary on four instances; `alarm` are properties of the one that rolls back, `AlarmName` ends its name.

    `tags` are given by logical id, `further` are resources beside these; where it is `shadowed`, a second parameter
    names a package that is a shadow of the first, and where it is `challenged` one that is its challenger.
    `drift` is a second alarm, left out of updates in which a further parameter names the package.
    """
    name = {"Fn::Join": ["-", [CONFIG_NAME, alarm["AlarmName"]]]}
    routing = {"Type": "CANARY", "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": canary_percent}}
    policy = {
        "TrafficRoutingConfiguration": {**routing, "WaitIntervalInSeconds": bake_seconds},
        "TerminationWaitInSeconds": final_seconds,
    }
    variant = {
        "VariantName": "primary",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InitialInstanceCount": 4,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": 1,
    }
    properties: dict[str, dict[str, Any]] = {
        "Model": {"Containers": [{"ModelPackageName": {"Ref": PARAMETER}}], "ExecutionRoleArn": role},
        "EndpointConfig": {
            "ProductionVariants": [variant],
            **({"DataCaptureConfig": dict(capture)} if capture else {}),
        },
        "Alarm": {
            "Period": 60,
            "EvaluationPeriods": 1,
            "TreatMissingData": "notBreaching",
            **alarm,
            "AlarmName": name,
        },
        "Endpoint": {
            "EndpointName": endpoint,
            "EndpointConfigName": CONFIG_NAME,
            "RetainAllVariantProperties": not challenged,
            "DeploymentConfig": {
                "BlueGreenUpdatePolicy": policy,
                "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]},
            },
        },
    }
    if drift:
        _add_drift(properties, drift)
    for logical_id, given in (tags or {}).items():
        properties[logical_id]["Tags"] = [{"Key": key, "Value": value} for key, value in given.items()]
    resources = {
        logical_id: {"Type": _type(logical_id), "Condition": _HAS_MODEL, "Properties": given}
        for logical_id, given in properties.items()
    }
    for kept in ("Model", "EndpointConfig"):
        resources[kept] |= {"UpdateReplacePolicy": "Retain", "DeletionPolicy": "Delete"}
    resources["Endpoint"]["DependsOn"] = [name for name in properties if name.endswith("Alarm")]
    beside = {**(_add_shadow(resources) if shadowed else {}), **(_add_challenger(resources) if challenged else {})}
    parameters = (PARAMETER, *beside, *(("Unguarded",) if challenged else ()), *((_SERVED,) if drift else ()))
    conditions = {_HAS_MODEL: _is_given(PARAMETER), **{of: _is_given(name) for name, of in beside.items()}}
    if challenged:
        conditions["HasGuardrails"] = {"Fn::Not": [{"Fn::Equals": [{"Ref": "Unguarded"}, _TOKEN]}]}
    if drift:
        conditions["HasDriftWatched"] = {"Fn::Equals": [{"Ref": _SERVED}, ""]}
    values = {"Config": CONFIG_NAME, "Endpoint": {"Ref": "Endpoint"}, "Model": {"Ref": "Model"}}
    return json.dumps(
        {
            "Parameters": {name: {"Type": "String", "Default": ""} for name in parameters},
            "Conditions": conditions,
            "Resources": {**resources, "Topic": {"Type": "AWS::SNS::Topic"}, **(further or {})},
            "Outputs": {
                **{key: {"Condition": _HAS_MODEL, "Value": value} for key, value in values.items()},
                **({"UnguardedToken": {"Value": _TOKEN}} if challenged else {}),
            },
        }
    )


def _add_drift(properties: dict[str, dict[str, Any]], drift: Mapping[str, Any]) -> None:
    """A day's alarm, on one metric of the package."""
    name = {"Fn::Join": ["-", [CONFIG_NAME, drift["AlarmName"]]]}
    days = {"Period": 21_600, "EvaluationPeriods": 4, "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching"}
    properties["DriftAlarm"] = {**days, **drift, "AlarmName": name}
    alarms = properties["Endpoint"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    alarms.append({"Fn::If": ["HasDriftWatched", {"AlarmName": name}, {"Ref": "AWS::NoValue"}]})


def _add_shadow(resources: dict[str, Any]) -> dict[str, str]:
    """The condition of the shadow, by its parameter."""
    parameter, condition = "ShadowModelPackageArn", "HasShadow"
    properties = resources["EndpointConfig"]["Properties"]
    (variant,) = properties["ProductionVariants"]
    shadow = {**variant, "VariantName": "shadow", "ModelName": {"Fn::GetAtt": ["ShadowModel", "ModelName"]}}
    properties["ShadowProductionVariants"] = {"Fn::If": [condition, [shadow], {"Ref": "AWS::NoValue"}]}
    model = resources["Model"]
    given = {**model["Properties"], "Containers": [{"ModelPackageName": {"Ref": parameter}}]}
    # Kept when it leaves the template: SageMaker may have gone back to the config with it.
    resources["ShadowModel"] = {**model, "Condition": condition, "DeletionPolicy": "Retain", "Properties": given}
    return {parameter: condition}


def _add_challenger(resources: dict[str, Any]) -> dict[str, str]:
    """The condition of the challenger, by its parameter; an update with the stack's token has no guardrails."""
    parameter, condition = "Challenger1ModelPackageArn", "HasChallenger1"
    properties = resources["EndpointConfig"]["Properties"]
    (primary,) = properties["ProductionVariants"]
    model = {"ModelName": {"Fn::GetAtt": ["ChallengerModel1", "ModelName"]}, "InitialVariantWeight": 0}
    challenger = {**primary, **model, "VariantName": "challenger-1"}
    properties["ProductionVariants"] = {"Fn::If": [condition, [primary, challenger], [primary]]}
    given = {**resources["Model"]["Properties"], "Containers": [{"ModelPackageName": {"Ref": parameter}}]}
    resources["ChallengerModel1"] = {**resources["Model"], "Condition": condition, "Properties": given}
    endpoint = resources["Endpoint"]["Properties"]
    endpoint["DeploymentConfig"] = {"Fn::If": ["HasGuardrails", endpoint["DeploymentConfig"], {"Ref": "AWS::NoValue"}]}
    return {parameter: condition}


def _is_given(parameter: str) -> dict[str, Any]:
    return {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]}


def _type(logical_id: str) -> str:
    return "AWS::CloudWatch::Alarm" if logical_id.endswith("Alarm") else f"AWS::SageMaker::{logical_id}"
