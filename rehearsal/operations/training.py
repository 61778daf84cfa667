"""Start the deployed training pipeline, unless its last run saw the same inputs."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from blueprint.errors import LaunchError
from rehearsal.operations.account import Account
from rehearsal.operations.pauses import pauses

_INPUTS = "inputs "
"""How the description of an execution begins that was started here; the fingerprint follows."""
_LONGEST_PAUSE_SECONDS = 15.0


@dataclass(frozen=True)
class Run:
    """One execution of the pipeline."""

    arn: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Trainer:
    """Starts and watches the training pipeline of one account."""

    account: Account

    def fingerprint(self, data_uri: str | None = None) -> str:
        """What a run depends on: the deployed definition (settings, image, roles) and the data.

        Raises:
            LaunchError: the pipeline is not deployed, or there is no data.
        """
        try:
            definition = self._sagemaker.describe_pipeline(PipelineName=self._pipeline)["PipelineDefinition"]
            objects = list(self._objects(data_uri))
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"pipeline {self._pipeline} and its data must be readable: {exc}") from exc
        if not objects:
            raise LaunchError(f"{data_uri or 'the data bucket'} must hold a table, got no object")
        text = json.dumps([definition, data_uri, objects], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def last_with(self, fingerprint: str) -> Run | None:
        """The newest run that saw the same inputs, however it ended; one that was stopped does not count."""
        pages = self._sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName=self._pipeline, SortBy="CreationTime", SortOrder="Descending"
        )
        for page in pages:
            for summary in page["PipelineExecutionSummaries"]:
                description = summary.get("PipelineExecutionDescription", "")
                if description == _INPUTS + fingerprint and summary["PipelineExecutionStatus"] != "Stopped":
                    return self.look(summary["PipelineExecutionArn"])
        return None

    def start(self, fingerprint: str, *, data_uri: str | None, commit: str) -> str:
        """Start a run; its ARN.

        Raises:
            LaunchError: SageMaker refuses.
        """
        parameters = {"SourceCommit": commit, **({"InputDataUri": data_uri} if data_uri else {})}
        try:
            arn: str = self._sagemaker.start_pipeline_execution(
                PipelineName=self._pipeline,
                PipelineExecutionDescription=_INPUTS + fingerprint,
                PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
            )["PipelineExecutionArn"]
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"pipeline {self._pipeline} could not be started: {exc}") from exc
        return arn

    def look(self, arn: str) -> Run:
        found = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return Run(arn, found["PipelineExecutionStatus"], found.get("FailureReason", ""))

    def wait(self, arn: str, tell: Callable[[str], None]) -> Run:
        """Follow a run to its end; `tell` gets each change of status."""
        told, pause = "", pauses(longest=_LONGEST_PAUSE_SECONDS)
        while True:
            run = self.look(arn)
            if run.status != told:
                tell(run.status)
                told = run.status
            if run.status not in ("Executing", "Stopping"):
                return run
            time.sleep(next(pause))

    @property
    def _pipeline(self) -> str:
        return self.account.settings.names.pipeline

    @property
    def _sagemaker(self) -> Any:
        return self.account.client("sagemaker")

    def _objects(self, data_uri: str | None) -> Iterator[tuple[str, str, int]]:
        bucket, prefix = self.account.output("storage", "DataBucketName"), "data/"
        if data_uri:
            bucket, _, prefix = data_uri.removeprefix("s3://").partition("/")
        for page in self.account.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", ()):
                yield found["Key"], found["ETag"], found["Size"]
