"""One training run through the SageMaker API, from the upload to the registered package."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.errors import LaunchError
from blueprint.pipeline.parameters import DATA_FINGERPRINT
from rehearsal.journey.display import Stage
from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.operations.data_fingerprint import data_fingerprint

_POLL_SECONDS = 0.2
_LOG_LINES = 12
_LISTS = {
    "processing-job": ("list_processing_jobs", "ProcessingJobSummaries", "ProcessingJobName"),
    "training-job": ("list_training_jobs", "TrainingJobSummaries", "TrainingJobName"),
    "hyper-parameter-tuning-job": (
        "list_hyper_parameter_tuning_jobs",
        "HyperParameterTuningJobSummaries",
        "HyperParameterTuningJobName",
    ),
}
"""By the kind in a job's ARN: the call that lists such jobs, and where its answer has their names."""
_LOG_GROUPS = {"ProcessingJob": "/aws/sagemaker/ProcessingJobs", "TrainingJob": "/aws/sagemaker/TrainingJobs"}


@dataclass(frozen=True)
class TrainingRun:
    """What one pipeline execution left behind."""

    execution_arn: str
    steps: list[dict[str, Any]]
    package_arn: str
    evaluation: dict[str, Any]
    profile: dict[str, Any]
    trials: list[dict[str, Any]]


def upload(aws: EmbeddedAws, path: Path, *, bucket: str, key: str) -> str:
    aws.client("s3").upload_file(str(path), bucket, key)
    return f"s3://{bucket}/{key}"


def train(aws: EmbeddedAws, *, pipeline: str, input_data_uri: str, commit: str, stage: Stage) -> TrainingRun:
    """Start the deployed pipeline on `input_data_uri` and follow it to its end.

    Raises:
        LaunchError: the execution failed, or the gate refused the candidate.
    """
    sagemaker = aws.client("sagemaker")
    parameters = {
        "InputDataUri": input_data_uri,
        DATA_FINGERPRINT: data_fingerprint(aws.client("s3"), input_data_uri),
        "SourceCommit": commit,
    }
    arn: str = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    _follow(sagemaker, arn, stage)
    steps = _steps(sagemaker, arn)
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    if status["PipelineExecutionStatus"] != "Succeeded":
        raise LaunchError(_explain_failure(aws, status, steps))
    by_name = {step["StepName"]: step["Metadata"] for step in steps}
    package_arn = by_name["Register"]["RegisterModel"]["Arn"]
    metrics = sagemaker.describe_model_package(ModelPackageName=package_arn)["ModelMetrics"]
    return TrainingRun(
        execution_arn=arn,
        steps=steps,
        package_arn=package_arn,
        evaluation=_statistics(aws, metrics["ModelQuality"]),
        profile=_statistics(aws, metrics["ModelDataQuality"]),
        trials=_trials(sagemaker, by_name["Tune"]["TuningJob"]["Arn"]),
    )


def _follow(sagemaker: Any, arn: str, stage: Stage) -> None:
    told: set[str] = set()
    while True:
        running = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"]
        for step in _steps(sagemaker, arn):
            if step["StepStatus"] in ("Succeeded", "Failed", "Stopped") and step["StepName"] not in told:
                told.add(step["StepName"])
                stage.tell(f"{step['StepName']} {step['StepStatus'].lower()} in {_seconds(step):.1f} s")
        if running not in ("Executing", "Stopping"):
            return
        stage.show(
            ", ".join(s["StepName"] for s in _steps(sagemaker, arn) if s["StepStatus"] == "Executing") + " running"
        )
        time.sleep(_POLL_SECONDS)


def _steps(sagemaker: Any, arn: str) -> list[dict[str, Any]]:
    found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100)
    steps: list[dict[str, Any]] = found["PipelineExecutionSteps"]
    return steps


def _seconds(step: dict[str, Any]) -> float:
    return float((step["EndTime"] - step["StartTime"]).total_seconds())


def step_rows(run: TrainingRun) -> list[dict[str, Any]]:
    """The steps as `report.json` has them."""
    return [
        {
            "step": s["StepName"],
            "type": next(iter(s["Metadata"]), "Fail"),
            "status": s["StepStatus"],
            "seconds": round(_seconds(s), 3),
        }
        for s in run.steps
    ]


def _statistics(aws: EmbeddedAws, quality: dict[str, Any]) -> dict[str, Any]:
    """The document a registered package points at."""
    bucket, _, key = quality["Statistics"]["S3Uri"].removeprefix("s3://").partition("/")
    found: dict[str, Any] = json.loads(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return found


def _name(sagemaker: Any, arn: str) -> str:
    """The name of a job, which its ARN tells in lower case only."""
    operation, summaries, name = _LISTS[arn.rsplit(":", 1)[1].partition("/")[0]]
    pages = sagemaker.get_paginator(operation).paginate(SortBy="CreationTime", SortOrder="Descending")
    key = name.removesuffix("Name") + "Arn"
    return next(str(job[name]) for page in pages for job in page[summaries] if job[key] == arn)


def _trials(sagemaker: Any, tuning_arn: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=_name(sagemaker, tuning_arn), SortBy="CreationTime", SortOrder="Ascending"
    )
    return [
        {
            "name": job["TrainingJobName"],
            "status": job["TrainingJobStatus"],
            "hyperparameters": job["TunedHyperParameters"],
            "objective": job.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value"),
        }
        for page in pages
        for job in page["TrainingJobSummaries"]
    ]


def _explain_failure(aws: EmbeddedAws, status: dict[str, Any], steps: list[dict[str, Any]]) -> str:
    lines = [f"the pipeline {status['PipelineExecutionStatus'].lower()}: {status.get('FailureReason', 'no reason')}"]
    for step in steps:
        if step["StepStatus"] == "Failed":
            log = _last_log_lines(aws, step["Metadata"])
            lines += [f"the last lines of {step['StepName']}'s log:", *log] if log else []
    return "\n".join(lines)


def _last_log_lines(aws: EmbeddedAws, metadata: dict[str, Any]) -> list[str]:
    sagemaker = aws.client("sagemaker")
    if "TuningJob" in metadata:
        trials = sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=_name(sagemaker, metadata["TuningJob"]["Arn"]), StatusEquals="Failed"
        )["TrainingJobSummaries"]
        metadata = {"TrainingJob": {"Arn": trials[0]["TrainingJobArn"]}} if trials else {}
    for kind, group in _LOG_GROUPS.items():
        if kind in metadata:
            name = _name(sagemaker, metadata[kind]["Arn"])
            events = aws.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix=name)["events"]
            return [f"  | {event['message']}" for event in events[-_LOG_LINES:]]
    return []
