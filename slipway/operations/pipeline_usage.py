"""The instance hours that a run of the pipeline was billed for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.costs.cost_estimate import Usage
from slipway.operations.aws_errors import RefusedError, message_of
from slipway.operations.deployed_stage import DeployedStage

_HOUR = 3600


@dataclass(frozen=True)
class PipelineUsage:
    execution: str
    usages: list[Usage]


def last_run_usage(stage: DeployedStage) -> PipelineUsage:
    """Of the newest execution that succeeded; a step whose result came from the cache costs nothing.

    Raises:
        RefusedError: there is none.
    """
    sagemaker, pipeline = stage.client("sagemaker"), stage.names.pipeline
    pages = sagemaker.get_paginator("list_pipeline_executions").paginate(
        PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending"
    )
    try:
        found = (summary for page in pages for summary in page["PipelineExecutionSummaries"])
        arn = next((s["PipelineExecutionArn"] for s in found if s["PipelineExecutionStatus"] == "Succeeded"), None)
    except ClientError as exc:
        if "does not exist" in message_of(exc) or "not found" in message_of(exc):
            raise RefusedError(
                f"there is no pipeline {pipeline}; deploy {stage.names.stack('training')} first"
            ) from exc
        raise
    if arn is None:
        raise RefusedError(
            f"pipeline {pipeline} has no successful run yet; start one with `slipway train`, or omit --last-run to "
            "plan the costs"
        )
    return PipelineUsage(f"execution {arn.rsplit('/', 1)[-1]}", list(_usages(sagemaker, arn)))


def _usages(sagemaker: Any, execution: str) -> Iterator[Usage]:
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution, SortOrder="Ascending"
    )
    for step in (step for page in pages for step in page["PipelineExecutionSteps"]):
        metadata = step.get("Metadata", {})
        # The metadata names the jobs of the earlier execution, which were billed then.
        if "CacheHitResult" in step:
            continue
        if "ProcessingJob" in metadata:
            yield _processing(sagemaker, step["StepName"], _name(metadata["ProcessingJob"]))
        elif "TrainingJob" in metadata:
            yield _training(sagemaker, step["StepName"], [_name(metadata["TrainingJob"])])
        elif "TuningJob" in metadata:
            yield _training(sagemaker, step["StepName"], _tuned(sagemaker, _name(metadata["TuningJob"])))


def _processing(sagemaker: Any, step: str, name: str) -> Usage:
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    cluster = job["ProcessingResources"]["ClusterConfig"]
    seconds = (job["ProcessingEndTime"] - job["ProcessingStartTime"]).total_seconds()
    return Usage(f"{step}: 1 job", cluster["InstanceType"], cluster["InstanceCount"] * seconds / _HOUR)


def _training(sagemaker: Any, step: str, names: list[str]) -> Usage:
    jobs = [sagemaker.describe_training_job(TrainingJobName=name) for name in names]
    resources = jobs[0]["ResourceConfig"]
    seconds = sum(job.get("BillableTimeInSeconds", 0) * job["ResourceConfig"]["InstanceCount"] for job in jobs)
    return Usage(f"{step}: {len(jobs)} job{'s' * (len(jobs) > 1)}", resources["InstanceType"], seconds / _HOUR)


def _tuned(sagemaker: Any, name: str) -> list[str]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name
    )
    return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]


def _name(metadata: Mapping[str, str]) -> str:
    return metadata["Arn"].rsplit("/", 1)[-1]
