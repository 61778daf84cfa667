"""An endpoint that can have challengers: variants by parameters, and updates without guardrails by a token."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stages import UseCaseStacks
from slipway.guardrails.template import from_template
from slipway.settings import Settings
from slipway.settings.experiment import Experiment

Synth = Callable[..., tuple[UseCaseStacks, Path]]


def with_experiment(settings: Settings, **changes: Any) -> Settings:
    experiment = Experiment(**{"expected": 0.1, "effect": 0.02, "challengers": 2, **changes})
    return settings.model_copy(update={"experiment": experiment})


def endpoint_of(synth: Synth, settings: Settings) -> dict[str, Any]:
    stacks, assembly = synth(settings)
    found: dict[str, Any] = json.loads((assembly / stacks.endpoint.template_file).read_text())
    return found


@pytest.fixture(scope="module")
def template(synth: Synth, settings: Settings) -> dict[str, Any]:
    return endpoint_of(synth, with_experiment(settings))


def test_challengers_are_there_only_while_their_parameters_name_them_and_begin_without_traffic(
    template: dict[str, Any],
) -> None:
    alone, (primary,), (also, first, second) = template["Resources"]["EndpointConfig"]["Properties"][
        "ProductionVariants"
    ]["Fn::If"]
    assert template["Conditions"][alone] == {"Fn::Equals": [{"Ref": "Challenger1ModelPackageArn"}, ""]}
    assert primary == also
    assert (second["Fn::If"][0], second["Fn::If"][2]) == ("HasChallenger2", {"Ref": "AWS::NoValue"})
    variants = [first, second["Fn::If"][1]]
    assert [each["VariantName"] for each in variants] == ["challenger-1", "challenger-2"]
    assert {each["InitialVariantWeight"] for each in variants} == {0}
    assert {each["InitialInstanceCount"] for each in variants} == {primary["InitialInstanceCount"]}
    for number in (1, 2):
        model = template["Resources"][f"ChallengerModel{number}"]
        assert (model["Condition"], model["DeletionPolicy"]) == (f"HasChallenger{number}", "Retain")
        (container,) = model["Properties"]["Containers"]
        assert container["ModelPackageName"] == {"Ref": f"Challenger{number}ModelPackageArn"}
        assert container["Environment"]["SLIPWAY_VARIANT_NAME"] == f"challenger-{number}"


def test_only_an_update_with_the_templates_token_has_no_guardrails(
    synth: Synth, settings: Settings, template: dict[str, Any]
) -> None:
    (endpoint,) = (each for each in template["Resources"].values() if each["Type"] == "AWS::SageMaker::Endpoint")
    condition, guards, nothing = endpoint["Properties"]["DeploymentConfig"]["Fn::If"]
    token = template["Outputs"]["UnguardedToken"]["Value"]
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "Unguarded"}, token]}]}
    assert template["Parameters"]["Unguarded"]["Default"] == ""
    assert ("BlueGreenUpdatePolicy" in guards, nothing) == (True, {"Ref": "AWS::NoValue"})
    changed = endpoint_of(synth, with_experiment(settings, effect=0.03))
    assert changed["Outputs"]["UnguardedToken"]["Value"] != token


def test_the_linter_sees_the_endpoint_between_experiments(template: dict[str, Any]) -> None:
    (planned,) = from_template(template)
    assert [each.name for each in planned.variants] == ["primary"]
    assert planned.deployment


def test_without_experiments_nothing_of_them_is_in_the_templates(synth: Synth, settings: Settings) -> None:
    stacks, assembly = synth(settings)
    for stack in (stacks.endpoint, stacks.rollout):
        text = (assembly / stack.template_file).read_text()
        assert not any(word in text for word in ("Challenger", "Unguarded", "UpdateEndpointWeights", "Experiment"))


def test_the_weights_of_one_endpoint_are_all_that_an_experiment_may_change_beside_rollouts(
    synth: Synth, settings: Settings
) -> None:
    stacks, assembly = synth(with_experiment(settings))
    resources = json.loads((assembly / stacks.rollout.template_file).read_text())["Resources"]
    documents = [
        (name, document)
        for name, resource in resources.items()
        for document in (
            *(each["PolicyDocument"] for each in resource["Properties"].get("Policies", ())),
            resource["Properties"].get("PolicyDocument", {}),
        )
    ]
    ((name, statement),) = (
        (name, statement)
        for name, document in documents
        for statement in document.get("Statement", ())
        if "UpdateEndpointWeights" in json.dumps(statement["Action"])
    )
    assert name.startswith("ExperimentFunctionRole")
    assert statement["Action"] == ["sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities"]
    assert json.dumps(statement["Resource"]).endswith(':endpoint/shoppers-dev"]]}')


def test_a_failing_challenger_ends_the_experiment(synth: Synth, settings: Settings) -> None:
    stacks, assembly = synth(with_experiment(settings))
    resources = json.loads((assembly / stacks.rollout.template_file).read_text())["Resources"].values()
    alarms = [each["Properties"] for each in resources if each["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {
        alarm["AlarmName"]: {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        for alarm in alarms
        if alarm["AlarmName"].endswith("-errors")
    }
    assert watched == {
        f"shoppers-dev-challenger-{number}-errors": {
            "EndpointName": "shoppers-dev",
            "VariantName": f"challenger-{number}",
        }
        for number in (1, 2)
    }
    rules = [each["Properties"] for each in resources if each["Type"] == "AWS::Events::Rule"]
    (rule,) = (each for each in rules if each["EventPattern"]["detail-type"] == ["CloudWatch Alarm State Change"])
    assert rule["EventPattern"]["detail"] == {"alarmName": list(watched), "state": {"value": ["ALARM"]}}
    assert '"action":"stop"' in json.dumps(rule["Targets"][0]["InputTransformer"]).replace("\\", "")
