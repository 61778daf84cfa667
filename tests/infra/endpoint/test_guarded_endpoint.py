"""The guarded endpoint outside of a use case's stacks."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from infra.endpoint.capacity import DataCapture, Instances, ServerlessCapacity
from infra.endpoint.guarded_endpoint import GuardedEndpoint, service_rollout
from infra.endpoint.served_model import ContainerModel, S3Object
from infra.shared.vpc_access import VpcPlacement
from slipway.errors import InputError
from slipway.settings import Rollout

MODEL = ContainerModel(image="111111111111.dkr.ecr.us-east-1.amazonaws.com/models:7", data="s3://models/7.tar.gz")
FOUR = Instances(type="ml.m5.large", count=4)


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(analytics_reporting=False), "Own")


def of(stack: cdk.Stack, type_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = list(Template.from_stack(stack).find_resources(type_).values())
    return found


def test_two_endpoints_of_one_stack_have_names_and_alarms_of_their_own(stack: cdk.Stack) -> None:
    one, other = (GuardedEndpoint(stack, id_, model=MODEL, capacity=FOUR) for id_ in ("One", "Other"))
    assert one.endpoint_name != other.endpoint_name
    assert {alarm["Properties"]["AlarmName"]["Fn::Join"][1][1] for alarm in of(stack, "AWS::CloudWatch::Alarm")} == {
        "-ServerErrors",
        "-ModelErrors",
        "-Latency",
    }
    rolled_back_by = [
        json.dumps(endpoint["Properties"]["DeploymentConfig"]["AutoRollbackConfiguration"])
        for endpoint in of(stack, "AWS::SageMaker::Endpoint")
    ]
    assert len(set(rolled_back_by)) == 2
    assert not [r for r in of(stack, "AWS::SageMaker::Model") if "Condition" in r or "ModelName" in r["Properties"]]


def test_it_serves_the_image_and_the_archive_that_it_is_given(stack: cdk.Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Models", "models")
    model = ContainerModel(image=MODEL.image, data=S3Object(bucket=bucket, key="7.tar.gz"), environment={"A": "b"})
    GuardedEndpoint(stack, "Endpoint", model=model, capacity=FOUR)
    (container,) = of(stack, "AWS::SageMaker::Model")[0]["Properties"]["Containers"]
    assert container["Image"] == MODEL.image
    assert container["Environment"]["A"] == "b"
    assert "7.tar.gz" in json.dumps(container["ModelDataUrl"])
    assert "s3:GetObject" in json.dumps(of(stack, "AWS::IAM::Policy"))


def test_grants_of_other_constructs_add_to_its_role(stack: cdk.Stack) -> None:
    endpoint = GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=FOUR)
    s3.Bucket(stack, "Lookups").grant_read(endpoint.role)
    assert "s3:GetObject*" in json.dumps(of(stack, "AWS::IAM::Policy"))


def test_a_role_of_ones_own_takes_the_place_of_the_one_that_it_would_make(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=FOUR, role=role)
    assert len(of(stack, "AWS::IAM::Role")) == 1


def test_it_is_placed_in_subnets_whose_ids_only_the_deployment_knows(stack: cdk.Stack) -> None:
    placement = VpcPlacement(subnets=[cdk.Fn.import_value("subnet")], security_groups=[cdk.Fn.import_value("group")])
    GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=FOUR, vpc=placement)
    (model,) = of(stack, "AWS::SageMaker::Model")
    assert model["Properties"]["VpcConfig"]["Subnets"] == [{"Fn::ImportValue": "subnet"}]


def test_an_alarm_on_what_only_a_packages_servers_publish_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(InputError, match="alarms_off must name InputDrift, PredictionDrift for a model that is no"):
        GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=FOUR, rollout=Rollout())


def test_capture_of_a_serverless_endpoint_is_refused(stack: cdk.Stack) -> None:
    capture = DataCapture(bucket=s3.Bucket(stack, "Bucket"), prefix="captured", key=kms.Key(stack, "Key"))
    with pytest.raises(InputError, match="capture must be left out of a serverless endpoint"):
        GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=ServerlessCapacity(memory_mb=2048), capture=capture)


def test_a_fleet_that_only_the_deployment_knows_is_refused(stack: cdk.Stack) -> None:
    parameter = cdk.CfnParameter(stack, "Parameter")
    with pytest.raises(InputError, match=r"Instances\.type must be known at synth"):
        Instances(type=parameter.value_as_string, count=2)
    with pytest.raises(InputError, match=r"Instances\.count must be known at synth"):
        Instances(type="ml.m5.large", count=int(cdk.Token.as_number({"Ref": "Parameter"})))


def test_a_canary_that_is_the_whole_fleet_is_refused(stack: cdk.Stack) -> None:
    with pytest.raises(InputError, match="SG103"):
        GuardedEndpoint(stack, "Endpoint", model=MODEL, capacity=Instances(type="ml.m5.large", count=1))
    GuardedEndpoint(
        stack,
        "AllAtOnce",
        model=MODEL,
        capacity=Instances(type="ml.m5.large", count=1),
        rollout=service_rollout(type="all_at_once"),
    )
