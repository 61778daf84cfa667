"""Track an execution of the training pipeline: in SageMaker Experiments, and in MLflow where there is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from slipway.operations.aws_errors import RefusedError, readable_errors
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.experiment_trial import ExperimentTrial, complete_trial
from slipway.operations.mlflow_tracking import MlflowRun, log_to_mlflow, tracking_uri
from slipway.operations.tracked_execution import ENDED, tracked_execution
from slipway.rounding import counted


@dataclass(frozen=True)
class Tracked:
    """Where an execution is tracked; None where it is not."""

    execution: str
    trial: ExperimentTrial | None
    mlflow: MlflowRun | None

    @property
    def in_words(self) -> Iterator[str]:
        """A line for each place."""
        if self.trial:
            where = f"trial {self.trial.trial} of experiment {self.trial.experiment}"
            yield f"recorded in SageMaker Experiments: {where}, {counted(self.trial.components, 'component')}"
        if self.mlflow:
            again = "already " if self.mlflow.again else ""
            yield f"{again}logged to MLflow: run {self.mlflow.run_id} in experiment {self.mlflow.experiment}"


def track(sagemaker: Any, s3: Any, arn: str, *, experiment: str) -> Tracked:
    """Complete its trial, and log it to `MLFLOW_TRACKING_URI` in `experiment`, where that is set.

    Raises:
        RefusedError: the execution has not ended yet.
        InputError: MLflow is not installed.
        LaunchError: AWS or MLflow refuses a call, or cannot be reached.
    """
    with readable_errors():
        execution = tracked_execution(sagemaker, s3, arn)
        trial = complete_trial(sagemaker, execution)
    logged = log_to_mlflow(execution, experiment=experiment) if tracking_uri() else None
    return Tracked(arn, trial, logged)


def execution_arn(stage: DeployedStage, reference: str | None) -> str:
    """The ARN of an execution by its id or ARN; of the newest that has ended without one.

    Raises:
        RefusedError: none has ended, or there is no pipeline.
    """
    sagemaker, pipeline = stage.client("sagemaker"), stage.names.pipeline
    if reference and reference.startswith("arn:"):
        return reference
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for summary in page["PipelineExecutionSummaries"]:
            arn: str = summary["PipelineExecutionArn"]
            if arn.endswith(f"/{reference}") if reference else summary["PipelineExecutionStatus"] in ENDED:
                return arn
    wanted = f"execution {reference}" if reference else "execution that has ended"
    raise RefusedError(f"pipeline {pipeline} has no {wanted}; `slipway train --wait` makes one")
