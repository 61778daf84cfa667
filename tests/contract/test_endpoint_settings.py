"""A change of the rollout's settings alone, deployed to an endpoint that takes no update without a new config."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from infra.stages import use_case_stacks
from slipway.settings import Settings, load_settings
from tests.archives import archive_of
from tests.rehearsal.cloud.process import PROJECT, CloudProcess, eventually

SERVING = ("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Endpoint")
CLOUD_OPTIONS = ("--speed", "1000", "--same-config", "refuse")
KEY = "arn:aws:kms:us-east-1:000000000000:key/1"


@pytest.fixture(scope="module")
def package(cloud: CloudProcess) -> str:
    cloud("s3").create_bucket(Bucket="models")
    cloud("s3").put_object(Bucket="models", Key="model.tar.gz", Body=archive_of({"model.json": {"x": 0.5}}))
    sagemaker, group = cloud("sagemaker"), "shoppers-dev"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    served = {
        "Containers": [{"Image": cloud.image, "ModelDataUrl": "s3://models/model.tar.gz"}],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    made = sagemaker.create_model_package(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", InferenceSpecification=served
    )
    return str(made["ModelPackageArn"])


def template(settings: Settings, package: str) -> str:
    """The endpoint stack's own resources, with what other stacks give filled in."""
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    app = cdk.App(context=context, analytics_reporting=False, builtin_cloud_formation_validation=False)
    stacks = use_case_stacks(app, settings, steps_folder=PROJECT / "pipeline_steps")
    made = Template.from_stack(stacks.endpoint).to_json()
    resources = {
        id_: {key: value for key, value in resource.items() if key != "DependsOn"}
        for id_, resource in made["Resources"].items()
        if resource["Type"] in (*SERVING, "AWS::CloudWatch::Alarm")
    }
    parameter = {"Type": "String", "Default": package}
    filled = _filled({"Conditions": made["Conditions"], "Resources": resources}, keep=set(resources))
    return json.dumps({"Parameters": {"ModelPackageArn": parameter}, **filled})


def _filled(node: Any, *, keep: set[str]) -> Any:
    if isinstance(node, dict):
        if "Fn::ImportValue" in node:
            return KEY if "Key" in json.dumps(node) else "models"
        if "Fn::GetAtt" in node and node["Fn::GetAtt"][0] not in keep:
            return "arn:aws:iam::000000000000:role/any"
        return {key: _filled(item, keep=keep) for key, item in node.items()}
    return [_filled(item, keep=keep) for item in node] if isinstance(node, list) else node


def deploy(cloud: CloudProcess, body: str) -> str:
    """The stack's status once it is settled."""
    client, name = cloud("cloudformation"), "endpoint"
    known = any(each["StackName"] == name for each in client.describe_stacks()["Stacks"])
    (client.update_stack if known else client.create_stack)(StackName=name, TemplateBody=body)
    status: str = eventually(
        lambda: (
            not (found := client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]).endswith("IN_PROGRESS")
            and found
        ),
        seconds=60,
    )
    return status


def live_config(cloud: CloudProcess, settings: Settings) -> str:
    return str(cloud("sagemaker").describe_endpoint(EndpointName=settings.names.endpoint)["EndpointConfigName"])


def test_changed_settings_of_the_rollout_alone_reach_the_endpoint_by_a_new_config(
    cloud: CloudProcess, package: str
) -> None:
    settings = load_settings(PROJECT / "config" / "shoppers.toml", "dev")
    assert deploy(cloud, template(settings, package)) == "CREATE_COMPLETE"
    before = live_config(cloud, settings)
    document = settings.model_dump()
    document["rollout"]["final_bake_seconds"] += 60
    assert deploy(cloud, template(Settings.model_validate(document), package)) == "UPDATE_COMPLETE"
    assert live_config(cloud, settings) != before
