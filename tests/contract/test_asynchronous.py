"""An asynchronous endpoint on the embedded AWS: its queue outlives updates, and its instances follow it."""

import json
from typing import Any

import pytest

from tests.archives import archive_of
from tests.rehearsal.cloud.process import CloudProcess, eventually
from tests.rehearsal.endpoints.account import processes_of

CLOUD_OPTIONS = ("--speed", "240")
ROLE = "arn:aws:iam::000000000000:role/model"
ENDPOINT = "queued"
PLACE = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": f"endpoint/{ENDPOINT}/variant/primary",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


def config(cloud: CloudProcess, x: float) -> str:
    """An endpoint config of a model that answers `x`."""
    cloud("s3").put_object(Bucket="models", Key=f"{x}.tar.gz", Body=archive_of({"model.json": {"x": x}}))
    name = f"answers-{x}".replace(".", "-")
    container = {"Image": cloud.image, "ModelDataUrl": f"s3://models/{x}.tar.gz"}
    sagemaker = cloud("sagemaker")
    sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    variant = {"VariantName": "primary", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 2}
    output = {"S3OutputPath": "s3://models/out", "S3FailurePath": "s3://models/failed"}
    one_at_a_time = {"MaxConcurrentInvocationsPerInstance": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[variant],
        AsyncInferenceConfig={"OutputConfig": output, "ClientConfig": one_at_a_time},
    )
    return name


def in_service(cloud: CloudProcess, config_name: str) -> bool:
    found = cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)
    return bool(found["EndpointStatus"] == "InService" and found["EndpointConfigName"] == config_name)


def instances(cloud: CloudProcess) -> int:
    (variant,) = cloud("sagemaker").describe_endpoint(EndpointName=ENDPOINT)["ProductionVariants"]
    return int(variant["CurrentInstanceCount"])


def servers(cloud: CloudProcess) -> list[int]:
    """The processes that serve the endpoint's variant."""
    return processes_of(cloud.workdir / f"{ENDPOINT}-primary-")


def ask(cloud: CloudProcess, body: bytes) -> dict[str, Any]:
    cloud("s3").put_object(Bucket="models", Key="in/row.csv", Body=body)
    asked = {"EndpointName": ENDPOINT, "InputLocation": "s3://models/in/row.csv", "ContentType": "text/csv"}
    found: dict[str, Any] = cloud("sagemaker-runtime").invoke_endpoint_async(**asked)
    return found


def object_at(cloud: CloudProcess, location: str) -> bytes | None:
    listed = cloud("s3").list_objects_v2(Bucket="models", Prefix=location.removeprefix("s3://models/"))
    if not listed.get("Contents"):
        return None
    body: bytes = cloud("s3").get_object(Bucket="models", Key=listed["Contents"][0]["Key"])["Body"].read()
    return body


def follow_the_queue(cloud: CloudProcess) -> None:
    """As the endpoint stack has it."""
    scaling = cloud("application-autoscaling")
    scaling.register_scalable_target(**PLACE, MinCapacity=0, MaxCapacity=2)
    of_endpoint = [{"Name": "EndpointName", "Value": ENDPOINT}]
    backlog = {
        "MetricName": "ApproximateBacklogSizePerInstance",
        "Namespace": "AWS/SageMaker",
        "Dimensions": of_endpoint,
        "Statistic": "Average",
    }
    scaling.put_scaling_policy(
        **PLACE,
        PolicyName="backlog",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 5.0, "CustomizedMetricSpecification": backlog},
    )
    steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    policy = scaling.put_scaling_policy(
        **PLACE,
        PolicyName="first",
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps},
    )
    cloud("cloudwatch").put_metric_alarm(
        AlarmName="waiting",
        Namespace="AWS/SageMaker",
        MetricName="HasBacklogWithoutCapacity",
        Dimensions=of_endpoint,
        Statistic="Average",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[policy["PolicyARN"]],
    )


def test_requests_are_answered_in_s3_by_whatever_fleet_there_is_and_wait_where_there_is_none(
    cloud: CloudProcess,
) -> None:
    sagemaker = cloud("sagemaker")
    cloud("s3").create_bucket(Bucket="models")
    first, second = config(cloud, 0.25), config(cloud, 0.75)
    sagemaker.create_endpoint(EndpointName=ENDPOINT, EndpointConfigName=first)
    eventually(lambda: in_service(cloud, first))
    assert servers(cloud)
    accepted = ask(cloud, b"1\n")
    assert accepted["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert eventually(lambda: object_at(cloud, accepted["OutputLocation"])) == b"0.25\n"
    failed = ask(cloud, b"bad")
    assert b"Received client error (400)" in eventually(lambda: object_at(cloud, failed["FailureLocation"]))
    with pytest.raises(sagemaker.exceptions.ClientError, match="takes InvokeEndpointAsync alone"):
        cloud("sagemaker-runtime").invoke_endpoint(EndpointName=ENDPOINT, Body=b"1\n")

    follow_the_queue(cloud)
    eventually(lambda: in_service(cloud, first) and instances(cloud) == 0)
    assert not servers(cloud)
    waiting = ask(cloud, b"1\n")
    assert eventually(lambda: object_at(cloud, waiting["OutputLocation"])) == b"0.25\n"
    eventually(lambda: in_service(cloud, first) and instances(cloud) == 1)
    burst = [ask(cloud, b"slow") for _ in range(40)]
    eventually(lambda: instances(cloud) == 2)
    eventually(lambda: all(object_at(cloud, each["OutputLocation"]) for each in burst))
    kept = cloud("application-autoscaling").describe_scaling_activities(ServiceNamespace="sagemaker")
    changes = [each for each in reversed(kept["ScalingActivities"]) if each["StatusCode"] == "Successful"]
    first_to_zero = [each["Description"][-2] for each in changes].index("0")
    causes = [each["Cause"] for each in changes[first_to_zero:]]
    assert [name in cause for name, cause in zip(("AlarmLow", "waiting", "AlarmHigh"), causes, strict=False)] == [
        True
    ] * 3

    sagemaker.update_endpoint(EndpointName=ENDPOINT, EndpointConfigName=second)
    eventually(lambda: in_service(cloud, second))
    later = ask(cloud, b"1\n")
    assert eventually(lambda: object_at(cloud, later["OutputLocation"])) == b"0.75\n"
    described = sagemaker.describe_endpoint(EndpointName=ENDPOINT)
    assert json.dumps(described["AsyncInferenceConfig"]["OutputConfig"]).count("s3://models/") == 2
