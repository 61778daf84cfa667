"""Run the definition that the SDK has written, in the embedded AWS."""

import json
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from slipway.settings import load_settings
from slipway.training import use_case_document
from tests.rehearsal.cloud.process import CloudProcess, build_image, end_cloud, eventually, start_cloud
from tests.sdk.environment import PROJECT

BUCKET = "artifacts"
STEPS = PROJECT / "pipeline_steps"
ROLE = "arn:aws:iam::000000000000:role/pipeline"
_USE_CASE = "use_case.json"
_JOB_ROLES = ("processing_role_arn", "training_role_arn", "evaluation_role_arn")


@dataclass(frozen=True)
class Execution:
    """One run of a pipeline, under either engine."""

    id: str
    status: str
    steps: Mapping[str, str]
    outcome: bool | None
    refusal: str | None
    seconds: float
    step_seconds: float
    """Of these, what the steps took, one after the other."""
    ended: float
    """Seconds since the epoch."""


@dataclass(frozen=True)
class Embedded:
    cloud: CloudProcess
    image: str
    """As Docker and the embedded AWS know it."""

    @property
    def places(self) -> dict[str, str]:
        """What a pipeline gets of its environment."""
        key = "arn:aws:kms:us-east-1:000000000000:key/k"
        uris = {"image_uri": self.image, "use_case_uri": f"s3://{BUCKET}/{_USE_CASE}"}
        return {"bucket": BUCKET, "kms_key_arn": key, **uris, **dict.fromkeys(_JOB_ROLES, ROLE)}

    def upload(self, table: Path) -> str:
        self.cloud("s3").upload_file(str(table), BUCKET, f"data/{table.name}")
        return f"s3://{BUCKET}/data/{table.name}"

    def create(self, name: str, definition: Mapping[str, Any]) -> None:
        self.cloud("sagemaker").create_pipeline(
            PipelineName=name, PipelineDefinition=json.dumps(definition), RoleArn=ROLE, ClientRequestToken="t" * 32
        )

    def run(self, name: str, parameters: Mapping[str, Any]) -> Execution:
        """Start the pipeline and wait for its end."""
        sagemaker, started = self.cloud("sagemaker"), time.perf_counter()
        given = [{"Name": key, "Value": str(value)} for key, value in parameters.items()]
        arn = sagemaker.start_pipeline_execution(PipelineName=name, PipelineParameters=given)["PipelineExecutionArn"]
        ended = eventually(lambda: _ended(sagemaker, arn), seconds=240)
        seconds = time.perf_counter() - started
        found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn)["PipelineExecutionSteps"]
        steps = {step["StepName"]: step for step in found}
        return Execution(
            id=arn.rpartition("/")[2],
            status=ended["PipelineExecutionStatus"],
            steps={step: each["StepStatus"] for step, each in steps.items()},
            outcome=_outcome(steps),
            refusal=steps["Refuse"]["FailureReason"] if "Refuse" in steps else None,
            seconds=seconds,
            step_seconds=sum((each["EndTime"] - each["StartTime"]).total_seconds() for each in found),
            ended=time.time(),
        )

    def files(self, prefix: str) -> dict[str, bytes]:
        """What lies below `prefix` in the bucket, archives of models unpacked."""
        s3 = self.cloud("s3")
        found: dict[str, bytes] = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix):
            for row in page.get("Contents", ()):
                content = s3.get_object(Bucket=BUCKET, Key=row["Key"])["Body"].read()
                found |= dict(_unpacked(row["Key"].removeprefix(prefix), content))
        return found


def _outcome(steps: Mapping[str, Any]) -> bool | None:
    return steps["Gate"]["Metadata"]["Condition"]["Outcome"] == "True" if "Gate" in steps else None


def _ended(sagemaker: Any, arn: str) -> Any:
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    return found if found["PipelineExecutionStatus"] not in ("Executing", "Stopping") else None


def _unpacked(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if not name.endswith("model.tar.gz"):
        yield name, content
        return
    with tarfile.open(fileobj=BytesIO(content)) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                yield f"{name}/{member.name.removeprefix('./')}", file.read()


@contextmanager
def embedded(workdir: Path, *, backend: str) -> Iterator[Embedded]:
    """The embedded AWS with a bucket, the shipped use case for Prepare in it, and the image of the steps."""
    cloud = start_cloud(workdir, STEPS, "--speed", "60", "--backend", backend)
    try:
        s3 = cloud("s3")
        s3.create_bucket(Bucket=BUCKET)
        document = use_case_document(load_settings(PROJECT / "config" / "shoppers.toml", "dev"))
        s3.put_object(Bucket=BUCKET, Key=_USE_CASE, Body=json.dumps(document).encode())
        tag = build_image(cloud, STEPS).rpartition(":")[2]
        yield Embedded(cloud, f"slipway/pipeline-steps:{tag}")
    finally:
        end_cloud(cloud)
