"""Start and watch the deployed training pipeline; find the last run that had the same inputs."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import LaunchError
from slipway.operations.data_fingerprint import data_fingerprint
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import Polling
from slipway.training.parameters import DATA_FINGERPRINT, INPUT_DATA_URI, SOURCE_COMMIT

_INPUTS = "inputs "
"""The beginning of the description of an execution that was started here; the fingerprint follows."""
_POLLING = Polling(longest_wait_seconds=15.0)


@dataclass(frozen=True)
class PipelineExecution:
    """One execution of the pipeline."""

    arn: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Inputs:
    """What a run depends on.

    Attributes:
        data_uri: the folder of the table, if it is not the pipeline's default.
        data: the fingerprint of its objects.
        all: the fingerprint of the data and the deployed definition (settings, image, roles).
    """

    data_uri: str | None
    data: str
    all: str


@dataclass(frozen=True)
class Trainer:
    """Starts and watches the training pipeline of one stage."""

    stage: DeployedStage

    def inputs(self, data_uri: str | None = None) -> Inputs:
        """The inputs of a run that starts now.

        Raises:
            LaunchError: the pipeline is not deployed, or there is no data.
        """
        try:
            definition = self._sagemaker.describe_pipeline(PipelineName=self._pipeline)["PipelineDefinition"]
            where = data_uri or f"s3://{self.stage.output('storage', 'DataBucketName')}/data/"
            data = data_fingerprint(self.stage.client("s3"), where)
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"pipeline {self._pipeline} and its data must be readable: {exc}") from exc
        text = json.dumps([definition, data_uri, data], sort_keys=True)
        return Inputs(data_uri, data, hashlib.sha256(text.encode()).hexdigest())

    def last_with(self, inputs: Inputs) -> PipelineExecution | None:
        """The newest run with the same inputs, whether it succeeded or failed; one that was stopped does not count."""
        pages = self._sagemaker.get_paginator("list_pipeline_executions").paginate(
            PipelineName=self._pipeline, SortBy="CreationTime", SortOrder="Descending"
        )
        for page in pages:
            for summary in page["PipelineExecutionSummaries"]:
                description = summary.get("PipelineExecutionDescription", "")
                if description == _INPUTS + inputs.all and summary["PipelineExecutionStatus"] != "Stopped":
                    return self.describe(summary["PipelineExecutionArn"])
        return None

    def start(self, inputs: Inputs, *, commit: str) -> str:
        """Start a run; returns its ARN.

        Raises:
            LaunchError: SageMaker refuses the call.
        """
        parameters = {SOURCE_COMMIT: commit, DATA_FINGERPRINT: inputs.data}
        if inputs.data_uri:
            parameters[INPUT_DATA_URI] = inputs.data_uri
        try:
            arn: str = self._sagemaker.start_pipeline_execution(
                PipelineName=self._pipeline,
                PipelineExecutionDescription=_INPUTS + inputs.all,
                PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
            )["PipelineExecutionArn"]
        except (BotoCoreError, ClientError) as exc:
            raise LaunchError(f"pipeline {self._pipeline} could not be started: {exc}") from exc
        return arn

    def describe(self, arn: str) -> PipelineExecution:
        found = self._sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return PipelineExecution(arn, found["PipelineExecutionStatus"], found.get("FailureReason", ""))

    def wait(self, arn: str, report: Callable[[str], object]) -> PipelineExecution:
        """Wait for the end of a run; `report` gets each change of its status."""
        reported = ""

        def ended() -> PipelineExecution | None:
            nonlocal reported
            run = self.describe(arn)
            if run.status != reported:
                report(run.status)
                reported = run.status
            return None if run.status in ("Executing", "Stopping") else run

        return _POLLING.until(ended, late="")

    @property
    def _pipeline(self) -> str:
        return self.stage.names.pipeline

    @property
    def _sagemaker(self) -> Any:
        return self.stage.client("sagemaker")
