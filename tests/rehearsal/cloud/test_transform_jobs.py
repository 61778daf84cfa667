"""Transform jobs in the control plane: what is refused, quotas, and the record."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.service_quotas import ServiceQuotas
from tests.rehearsal.cloud.fakes import Bench

ROLE = "arn:aws:iam::000000000000:role/model"
LINES = "application/jsonlines"


def transform(name: str = "T1", **changes: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in/"}}
    return {
        "TransformJobName": name,
        "ModelName": "scoring",
        "TransformInput": {"DataSource": source, "ContentType": LINES, "SplitType": "Line"},
        "TransformOutput": {"S3OutputPath": "s3://data/out", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        **changes,
    }


def with_model(bench: Bench) -> Bench:
    bench("CreateModel", ModelName="scoring", PrimaryContainer={"Image": "steps:1"}, ExecutionRoleArn=ROLE)
    return bench


def test_a_job_runs_as_its_models_role_and_is_listed(bench: Bench) -> None:
    bench.runner.release.set()
    made = with_model(bench)("CreateTransformJob", **transform())
    job = bench.ended("DescribeTransformJob", "TransformJobStatus", TransformJobName="T1")
    assert made == {"TransformJobArn": "arn:aws:sagemaker:us-east-1:000000000000:transform-job/t1"}
    assert job["TransformJobStatus"] == "Completed"
    assert job["TransformStartTime"] <= job["TransformEndTime"]
    assert bench.runner.requests[0]["RoleArn"] == ROLE
    listed = bench("ListTransformJobs", NameContains="T")["TransformJobSummaries"]
    assert [each["TransformJobName"] for each in listed] == ["T1"]
    assert "SageMaker Transform Job State Change" in bench.kinds()


def test_a_job_can_be_stopped(bench: Bench) -> None:
    with_model(bench)("CreateTransformJob", **transform())
    bench("StopTransformJob", TransformJobName="T1")
    job = bench.ended("DescribeTransformJob", "TransformJobStatus", TransformJobName="T1")
    assert job["TransformJobStatus"] == "Stopped"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ModelName": "another"}, "Could not find model"),
        ({"MaxPayloadInMB": 50, "MaxConcurrentTransforms": 3}, "at most 100 MB, got 150"),
        (
            {"TransformResources": {"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeKmsKeyId": "key"}},
            "KMS key is not supported for NVMe",
        ),
        ({"DataProcessing": {"InputFilter": "$..x"}}, "JSONPath has an operator"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"S3OutputPath": "s3://data/out"}},
            "JoinSource Input needs AssembleWith Line",
        ),
    ],
)
def test_what_sagemaker_refuses_is_refused(bench: Bench, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ApiError, match=reason):
        with_model(bench)("CreateTransformJob", **transform(**changes))


def test_every_instance_counts_for_the_quota() -> None:
    bench = with_model(Bench(require=ServiceQuotas({"ml.m5.large for transform job usage": 3}).require))
    bench("CreateTransformJob", **transform("T1"))
    with pytest.raises(ApiError, match="request delta of 2 Instances"):
        bench("CreateTransformJob", **transform("T2"))
    bench.runner.release.set()
