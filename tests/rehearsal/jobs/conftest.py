"""S3 in this process, and the requests the API would get."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Program
from rehearsal.jobs.job_runner import LocalJobRunner

BUCKET = "bench"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/steps:1"


@pytest.fixture(scope="module")
def s3_client() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture
def s3(s3_client: Any) -> Any:
    for row in s3_client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        s3_client.delete_object(Bucket=BUCKET, Key=row["Key"])
    return s3_client


@pytest.fixture
def runner(tmp_path: Path, s3: Any, backend: Backend) -> Callable[[Program], LocalJobRunner]:
    def build(program: Program) -> LocalJobRunner:
        environment = {"AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
        images = {IMAGE: program}
        return LocalJobRunner(tmp_path / "jobs", s3, images.__getitem__, backend, environment, stop_grace_seconds=0.5)

    return build


class Log(list[str]):
    """Collects lines, and tells when one has come."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Condition()

    def __call__(self, line: str) -> None:
        with self._arrived:
            self.append(line)
            self._arrived.notify_all()

    def wait_for(self, text: str) -> str:
        with self._arrived:
            assert self._arrived.wait_for(lambda: any(text in line for line in self), timeout=60), list(self)
            return next(line for line in self if text in line)


@pytest.fixture
def log() -> Log:
    return Log()


class Api:
    """Requests as the SageMaker API gets them."""

    bucket = BUCKET
    image = IMAGE

    def training(self, **changes: Any) -> dict[str, Any]:
        return {
            "TrainingJobName": "job-1",
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": "arn:aws:iam::000000000000:role/training",
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/models/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **changes,
        }

    def processing(self, **changes: Any) -> dict[str, Any]:
        cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
        return {
            "ProcessingJobName": "job-1",
            "AppSpecification": {"ImageUri": IMAGE},
            "RoleArn": "arn:aws:iam::000000000000:role/processing",
            "ProcessingResources": {"ClusterConfig": cluster},
            **changes,
        }

    def channel(self, name: str, prefix: str) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/{prefix}"}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}}

    def input(self, name: str, prefix: str) -> dict[str, Any]:
        source = {
            "S3Uri": f"s3://{BUCKET}/{prefix}",
            "LocalPath": f"/opt/ml/processing/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        return {"InputName": name, "S3Input": source}

    def output(self, name: str, prefix: str) -> dict[str, Any]:
        local = f"/opt/ml/processing/output/{name}"
        target = {"S3Uri": f"s3://{BUCKET}/{prefix}", "LocalPath": local, "S3UploadMode": "EndOfJob"}
        return {"OutputName": name, "S3Output": target}


@pytest.fixture
def api() -> Api:
    return Api()
