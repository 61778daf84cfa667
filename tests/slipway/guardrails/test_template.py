"""Rollouts read from CloudFormation templates, and from what the AWS API says."""

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipway.endpoint_kinds import REAL_TIME
from slipway.errors import InputError
from slipway.guardrails import ScaledVariant, from_api, from_template, lint
from slipway.guardrails.template import alarms_in
from tests.slipway.guardrails import plans

CONFIG_NAME = {"Fn::GetAtt": ["Config", "EndpointConfigName"]}


def alarm(suffix: str, **given: Any) -> dict[str, Any]:
    dimensions = {"EndpointName": {"Ref": "Name"}, "VariantName": "v1", "EndpointConfigName": CONFIG_NAME}
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": {"Fn::Join": ["-", [CONFIG_NAME, suffix]]},
            "Namespace": "AWS/SageMaker",
            "MetricName": "Invocation5XXErrors",
            "Statistic": "Average",
            "Threshold": "0.05",
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Period": "60",
            "EvaluationPeriods": {"Ref": "Periods"},
            **given,
        },
    }


@pytest.fixture
def template() -> dict[str, Any]:
    """As a person writes it: text for numbers, parameters, conditions, Fn::Sub."""
    return {
        "Parameters": {
            "Name": {"Type": "String", "Default": "shop"},
            "Periods": {"Type": "Number", "Default": 1},
            "Canary": {"Type": "Number"},
        },
        "Mappings": {"FleetPeriod": {"prod": {"Count": 4}}},
        "Resources": {
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "ProductionVariants": [
                        {
                            "VariantName": "v1",
                            "InitialInstanceCount": {"Fn::FindInMap": ["FleetPeriod", "prod", "Count"]},
                            "InstanceType": "ml.m5.large",
                            "ServerlessConfig": {"Fn::If": ["Small", {"Ref": "AWS::NoValue"}, {"Ref": "AWS::NoValue"}]},
                        }
                    ]
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": {"Ref": "Name"},
                    "EndpointConfigName": CONFIG_NAME,
                    "RetainAllVariantProperties": True,
                    "DeploymentConfig": {
                        "BlueGreenUpdatePolicy": {
                            "TrafficRoutingConfiguration": {
                                "Type": "CANARY",
                                "WaitIntervalInSeconds": "300",
                                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": "25"},
                            },
                            "TerminationWaitInSeconds": 120,
                        },
                        "AutoRollbackConfiguration": {
                            "Alarms": [
                                {"AlarmName": {"Fn::Sub": "${Config.EndpointConfigName}-errors"}},
                                {"AlarmName": {"Ref": "Slow"}},
                            ]
                        },
                    },
                },
            },
            "Bad": alarm("errors"),
            "Slow": alarm("slow", MetricName="ModelLatency", Statistic="Maximum", Threshold=2_000_000),
            "Target": {
                "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
                "Properties": {"ResourceId": {"Fn::Sub": ["endpoint/${E}/variant/v1", {"E": {"Ref": "Name"}}]}},
            },
        },
    }


def rules(template: dict[str, Any]) -> list[str]:
    return [finding.rule for planned in from_template(template) for finding in lint(planned)]


def properties(template: dict[str, Any], id_: str) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"][id_]["Properties"]
    return found


def routing(template: dict[str, Any]) -> dict[str, Any]:
    policy = properties(template, "Endpoint")["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    found: dict[str, Any] = policy["TrafficRoutingConfiguration"]
    return found


def test_a_template_is_read_with_its_defaults_mappings_and_derived_names(template: dict[str, Any]) -> None:
    (planned,) = from_template(template)
    assert planned.endpoint == "shop"
    assert planned.config_name == "${Config.EndpointConfigName}"
    assert [(v.name, v.instance_count) for v in planned.variants] == [("v1", 4)]
    assert planned.kind is REAL_TIME
    assert planned.autoscaled
    assert planned.named_alarms == ("${Config.EndpointConfigName}-errors", "${Config.EndpointConfigName}-slow")
    assert rules(template) == []


def test_a_joined_name_counts_as_derived_and_a_literal_one_does_not(template: dict[str, Any]) -> None:
    properties(template, "Slow")["AlarmName"] = "shop-slow"
    assert rules(template) == ["SG306"]
    del properties(template, "Slow")["AlarmName"]
    assert rules(template) == ["SG306"]


def test_what_only_the_deployment_knows_is_not_analysed(template: dict[str, Any]) -> None:
    routing(template)["CanarySize"]["Value"] = {"Ref": "Canary"}
    routing(template)["WaitIntervalInSeconds"] = {"Fn::ImportValue": "bake"}
    properties(template, "Bad")["Threshold"] = {"Ref": "Canary"}
    properties(template, "Endpoint")["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"].append(
        {"AlarmName": {"Fn::ImportValue": "drift-alarm"}}
    )
    assert rules(template) == []


def test_a_default_is_analysed(template: dict[str, Any]) -> None:
    template["Parameters"]["Periods"]["Default"] = 6
    assert set(rules(template)) == {"SG601", "SG603"}


def test_a_named_config_is_found_by_its_name(template: dict[str, Any]) -> None:
    properties(template, "Config")["EndpointConfigName"] = {"Fn::Sub": "${Name}-config"}
    (planned,) = from_template(template)
    assert (planned.config_name, planned.config_is_named) == ("shop-config", True)
    assert rules(template) == ["SG205"]


def test_the_configs_arn_is_no_dimension(template: dict[str, Any]) -> None:
    properties(template, "Bad")["Dimensions"][2]["Value"] = {"Ref": "Config"}
    assert rules(template) == ["SG404"]


def test_an_endpoint_of_another_stacks_config_is_analysed_by_what_is_known(template: dict[str, Any]) -> None:
    del template["Resources"]["Config"]
    given = copy.deepcopy(template)
    for place in (properties(given, "Endpoint"), properties(given, "Bad"), properties(given, "Slow")):
        if "EndpointConfigName" in place:
            place["EndpointConfigName"] = {"Fn::ImportValue": "config"}
        else:
            place["Dimensions"][2]["Value"] = {"Fn::ImportValue": "config"}
    routing(given)["CanarySize"]["Value"] = 90
    assert "SG003" in rules(given)
    assert not set(rules(given)) & {"SG403", "SG404"}


def test_alarms_of_another_template_are_known_when_told(template: dict[str, Any]) -> None:
    other = {"Resources": {"Slow": template["Resources"].pop("Slow")}}
    other["Resources"]["Slow"]["Properties"] |= {"AlarmName": "slow", "EvaluationPeriods": 1}
    named = properties(template, "Endpoint")["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    named[1]["AlarmName"] = "slow"
    assert "SG304" in rules(template)
    (planned,) = from_template(template, alarms_elsewhere=alarms_in(other))
    assert "SG304" not in [finding.rule for finding in lint(planned)]


def test_autoscaling_without_retained_counts_is_found(template: dict[str, Any]) -> None:
    properties(template, "Endpoint")["ExcludeRetainedVariantProperties"] = [
        {"VariantPropertyType": "DesiredInstanceCount"}
    ]
    assert rules(template) == ["SG207"]


def test_composite_alarms_are_analysed_with_what_they_ask(template: dict[str, Any]) -> None:
    template["Resources"]["Hidden"] = template["Resources"]["Slow"]
    properties(template, "Hidden")["AlarmName"] = {"Fn::Join": ["-", [CONFIG_NAME, "hidden"]]}
    template["Resources"]["Slow"] = {
        "Type": "AWS::CloudWatch::CompositeAlarm",
        "Properties": {
            "AlarmName": {"Fn::Join": ["-", [CONFIG_NAME, "slow"]]},
            "AlarmRule": {"Fn::Sub": 'ALARM("${Hidden}")'},
        },
    }
    assert rules(template) == []
    properties(template, "Hidden")["Threshold"] = 500
    assert rules(template) == ["SG504"]
    properties(template, "Slow")["AlarmRule"] = 'ALARM("somebody-elses")'
    assert "SG307" in rules(template)
    properties(template, "Slow")["AlarmRule"] = {"Fn::ImportValue": "rule"}
    assert set(rules(template)) == {"SG305"}


def test_metric_math_is_read_from_a_template(template: dict[str, Any]) -> None:
    watched = properties(template, "Bad")
    place = {key: watched.pop(key) for key in ("Namespace", "MetricName", "Dimensions")}
    stat = {"Metric": place, "Stat": watched.pop("Statistic"), "Period": watched.pop("Period")}
    watched["Metrics"] = [
        {"Id": "percent", "Expression": "100 * errors", "ReturnData": "true"},
        {"Id": "errors", "MetricStat": stat, "ReturnData": "false"},
    ]
    assert rules(template) == ["SG509"]
    watched["Threshold"] = "5"
    assert rules(template) == []
    place["Dimensions"] = place["Dimensions"][:2]
    assert rules(template) == ["SG403"]


def test_servers_alarms_are_read_with_the_model_they_are_about(template: dict[str, Any]) -> None:
    template["Parameters"]["Package"] = {"Type": "String", "Default": ""}
    package, name = {"Ref": "Package"}, {"Fn::GetAtt": ["Model", "ModelName"]}
    expected = {
        "SLIPWAY_ENDPOINT_NAME": {"Ref": "Name"},
        "SLIPWAY_VARIANT_NAME": "v1",
        "SLIPWAY_MODEL_PACKAGE_ARN": package,
    }
    container = {"ModelPackageName": package, "Environment": expected}
    template["Resources"]["Model"] = {"Type": "AWS::SageMaker::Model", "Properties": {"Containers": [container]}}
    properties(template, "Config")["ProductionVariants"][0]["ModelName"] = name
    shifted = {"Namespace": "Slipway/Endpoint", "MetricName": "PredictionDrift", "Threshold": 0.25}
    template["Resources"]["Shift"] = alarm("shift", **shifted)
    dimensions = properties(template, "Shift")["Dimensions"]
    dimensions[2] = {"Name": "ModelPackageArn", "Value": package}
    named = properties(template, "Endpoint")["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    named.append({"AlarmName": {"Ref": "Shift"}})
    assert rules(template) == []
    del expected["SLIPWAY_MODEL_PACKAGE_ARN"]
    assert rules(template) == ["SG406"]
    container["ModelPackageName"] = "arn:of:another"
    expected["SLIPWAY_MODEL_PACKAGE_ARN"] = dimensions[2]["Value"] = "arn:of:this"
    assert rules(template) == ["SG404"]


def test_the_range_of_a_scalable_target_is_read(template: dict[str, Any]) -> None:
    properties(template, "Target").update({"MinCapacity": "1", "MaxCapacity": {"Ref": "Canary"}})
    (planned,) = from_template(template)
    assert [(t.name, t.least, t.most) for t in planned.scaling] == [("v1", 1, None)]
    assert rules(template) == ["SG103"]
    properties(template, "Target")["MaxCapacity"] = 2
    assert rules(template) == ["SG103", "SG209"]


def test_another_endpoints_target_scales_nothing_here(template: dict[str, Any]) -> None:
    properties(template, "Target")["ResourceId"] = "endpoint/another-shop/variant/v1"
    assert rules(template) == ["SG208"]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ({}, "a template must have Resources"),
        ({"Resources": []}, "Resources must be an object"),
        ({"Resources": {"A": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Dimensions": "x"}}}}, "Dimensions"),
        ({"Resources": {"A": {"Type": "AWS::SageMaker::Endpoint", "Properties": {"X": {"Fn::Join": 1}}}}}, "Fn::Join"),
        (
            {"Resources": {"E": {"Type": "AWS::SageMaker::Endpoint", "Properties": {"DeploymentConfig": "canary"}}}},
            "E.DeploymentConfig must be an object, got 'canary'",
        ),
    ],
)
def test_what_is_no_template_is_refused_in_words(broken: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError) as refused:
        from_template(broken)
    assert expected in str(refused.value)


def test_a_parameter_that_refers_to_itself_ends(template: dict[str, Any]) -> None:
    properties(template, "Endpoint")["EndpointName"] = {"Fn::GetAtt": ["Endpoint", "EndpointName"]}
    assert len(from_template(template)) == 1


def test_a_name_that_another_template_derives_alike_is_not_taken_for_ones_own(template: dict[str, Any]) -> None:
    other = copy.deepcopy(template)
    other["Parameters"]["Name"]["Default"] = "another-shop"
    (planned,) = from_template(template, alarms_elsewhere=alarms_in(other))
    assert lint(planned) == ()


JUNK = st.sampled_from([None, 0, -1, 2.5, "", "x", True, [], ["x"], {}, {"Ref": "Nobody"}, {"Fn::Sub": []}, [{}]])


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in pairs for place in ((*path, key), *_places(item, (*path, key)))]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_in_a_place_is_analysed_or_refused_in_words(template: dict[str, Any], data: st.DataObject) -> None:
    broken = copy.deepcopy(template)
    *path, last = data.draw(st.sampled_from(_places(broken)))
    place: Any = broken
    for key in path:
        place = place[key]
    place[last] = data.draw(JUNK)
    with suppress(InputError):
        rules(broken)


def config(instance_type: str = "ml.m5.large", name: str = "primary") -> dict[str, Any]:
    return {"ProductionVariants": [{"VariantName": name, "InitialInstanceCount": 4, "InstanceType": instance_type}]}


def test_the_api_says_the_same_in_its_own_words() -> None:
    watched = plans.alarm("Errors", "Invocation5XXErrors", Statistic="Average", Threshold=0.05)
    watched |= {"AlarmName": "shop-2-errors", "Dimensions": plans.dimensions(EndpointConfigName="shop-1")}
    deployment = plans.guarded(plans.rolling(25), "shop-2-errors")
    update = {"EndpointName": "shop", "EndpointConfigName": "shop-2", "DeploymentConfig": deployment}
    found = lint(from_api(update, config(), [watched], previous_config=config(name="AllTraffic"), autoscaled=True))
    assert [finding.rule for finding in found] == ["SG206", "SG207", "SG404", "SG303"]
    assert "got shop-1" in found[2].message


def test_the_api_reports_what_autoscaling_forbids() -> None:
    update = {"EndpointName": "shop", "EndpointConfigName": "shop-2", "RetainAllVariantProperties": True}
    scaling = (ScaledVariant("primary", 1, 3),)
    planned = from_api(update, config(), previous_config=config("ml.c5.large"), scaling=scaling)
    assert planned.autoscaled
    assert planned.instances == 1
    assert [finding.rule for finding in lint(planned)] == ["SG101", "SG209", "SG212"]
    with pytest.raises(InputError, match="an alarm must have an AlarmName, got None"):
        from_api(update, config(), [{"AlarmArn": "arn"}])
