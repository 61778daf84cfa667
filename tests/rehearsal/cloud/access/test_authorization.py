"""Requests of other services, as IAM sees them; made by a real SDK."""

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from rehearsal.cloud.ministack.authorization import AuthorizedRequest, RequiredAction, required_actions

HERE = "us-east-1:000000000000"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:m"


def sent(service: str, operation: str, **parameters: Any) -> list[RequiredAction]:
    """What the request of a boto3 call asks for; nothing leaves this process."""
    client = boto3.client(
        service,
        endpoint_url="http://127.0.0.1:1",
        region_name="us-east-1",
        aws_access_key_id="ASIA0",
        aws_secret_access_key="none",
    )
    found: list[RequiredAction] = []

    def keep(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        path, _, query = request.url.removeprefix("http://127.0.0.1:1").partition("?")
        headers = {name.lower(): _text(value) for name, value in request.headers.items()}
        body = request.body.read() if hasattr(request.body, "read") else request.body or b""
        body = body.encode() if isinstance(body, str) else body
        found.extend(required_actions(AuthorizedRequest(request.method, path, query, headers, body)))
        raise KeyboardInterrupt  # no retries

    client.meta.events.register("before-send", keep)
    with pytest.raises(KeyboardInterrupt):
        getattr(client, operation)(**parameters)
    return found


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action", "resource"),
    [
        ("ssm", "get_parameter", {"Name": "/a/b"}, "ssm:GetParameter", "parameter/a/b"),
        ("cloudformation", "update_stack", {"StackName": "a"}, "cloudformation:UpdateStack", "stack/a/*"),
        ("ecr", "describe_images", {"repositoryName": "steps"}, "ecr:DescribeImages", "repository/steps"),
        ("codebuild", "start_build", {"projectName": "a"}, "codebuild:StartBuild", "project/a"),
        ("codebuild", "batch_get_builds", {"ids": ["a:1"]}, "codebuild:BatchGetBuilds", "project/a"),
        ("kms", "decrypt", {"CiphertextBlob": b"", "KeyId": f"arn:aws:kms:{HERE}:key/1"}, "kms:Decrypt", "key/1"),
        ("sns", "publish", {"TopicArn": f"arn:aws:sns:{HERE}:t", "Message": "m"}, "sns:Publish", "t"),
        ("stepfunctions", "start_execution", {"stateMachineArn": MACHINE}, "states:StartExecution", "stateMachine:m"),
        ("lambda", "invoke", {"FunctionName": "a"}, "lambda:InvokeFunction", "function:a"),
    ],
)
def test_a_request_is_an_action_on_a_resource(
    service: str, operation: str, parameters: dict[str, Any], action: str, resource: str
) -> None:
    arn = f"arn:aws:{action.partition(':')[0]}:{HERE}:{resource}"
    assert sent(service, operation, **parameters) == [RequiredAction(action, arn, {})]


@pytest.mark.parametrize(
    ("operation", "action"),
    [("get_object", "s3:GetObject"), ("head_object", "s3:GetObject"), ("delete_object", "s3:DeleteObject")],
)
def test_a_request_for_an_object_is_an_action_on_it(operation: str, action: str) -> None:
    assert sent("s3", operation, Bucket="b", Key="k/x") == [RequiredAction(action, "arn:aws:s3:::b/k/x", {})]


def test_listing_tells_its_prefix() -> None:
    (found,) = sent("s3", "list_objects_v2", Bucket="b", Prefix="k/")
    assert found == RequiredAction("s3:ListBucket", "arn:aws:s3:::b", {"s3:prefix": "k/"})


def test_metrics_tell_their_namespace() -> None:
    (found,) = sent("cloudwatch", "put_metric_data", Namespace="Slipway/Rollout", MetricData=[{"MetricName": "V"}])
    assert (found.action, found.resource) == ("cloudwatch:PutMetricData", "*")
    assert found.context == {"cloudwatch:namespace": "Slipway/Rollout"}


def test_many_metrics_come_compressed_and_tell_it_too() -> None:
    data = [{"MetricName": f"a rather long name {number}", "Value": number} for number in range(900)]
    (found,) = sent("cloudwatch", "put_metric_data", Namespace="Slipway/Rollout", MetricData=data)
    assert found.context == {"cloudwatch:namespace": "Slipway/Rollout"}


def test_writing_an_object_tells_its_condition() -> None:
    plain, careful = (
        sent("s3", "put_object", Bucket="b", Key="k", Body=b"x", **more)[0] for more in ({}, {"IfNoneMatch": "*"})
    )
    assert plain.context == {"s3:ObjectCreationOperation": "true"}
    assert careful.context == {"s3:ObjectCreationOperation": "true", "s3:if-none-match": "*"}


def test_a_part_of_a_large_object_makes_no_object_yet() -> None:
    part = {"Bucket": "b", "Key": "k", "PartNumber": 1, "UploadId": "u", "Body": b"x"}
    (found,) = sent("s3", "upload_part", **part)
    assert (found.action, found.context) == ("s3:PutObject", {"s3:ObjectCreationOperation": "false"})


def test_a_copy_reads_its_source() -> None:
    found = sent("s3", "copy_object", Bucket="b", Key="k", CopySource={"Bucket": "a", "Key": "j"})
    assert [(each.action, each.resource) for each in found] == [
        ("s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3:GetObject", "arn:aws:s3:::a/j"),
    ]
