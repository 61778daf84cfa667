"""Track an execution of a stage's training pipeline in MLflow."""

from slipway.operations.aws_errors import RefusedError
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.mlflow_tracking import MlflowRun, log_to_mlflow
from slipway.operations.tracked_execution import ENDED, tracked_execution


def track(stage: DeployedStage, arn: str) -> MlflowRun:
    """Log it in the experiment that has the stage's name.

    Raises:
        RefusedError: the execution has not ended yet.
        InputError: MLflow is not installed.
        LaunchError: MLflow cannot be reached or refuses a call.
    """
    execution = tracked_execution(stage.client("sagemaker"), stage.client("s3"), arn)
    return log_to_mlflow(execution, experiment=stage.names.prefix)


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
