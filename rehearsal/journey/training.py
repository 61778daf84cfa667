"""One training run through the SageMaker API, from the upload to the registered package."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blueprint.errors import LaunchError
from rehearsal.journey.display import Stage
from rehearsal.journey.embedded_aws import EmbeddedAws

_POLL_SECONDS = 0.2
_LOG_LINES = 12
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
    parameters = {"InputDataUri": input_data_uri, "SourceCommit": commit}
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
    return TrainingRun(
        execution_arn=arn,
        steps=steps,
        package_arn=by_name["Register"]["RegisterModel"]["Arn"],
        evaluation=_output_json(aws, by_name["Evaluate"], output="evaluation", file="evaluation.json"),
        profile=_output_json(aws, by_name["Prepare"], output="profile", file="profile.json"),
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


def _output_json(aws: EmbeddedAws, metadata: dict[str, Any], *, output: str, file: str) -> dict[str, Any]:
    name = metadata["ProcessingJob"]["Arn"].rsplit("/", 1)[1]
    outputs = aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingOutputConfig"][
        "Outputs"
    ]
    uri = next(o["S3Output"]["S3Uri"] for o in outputs if o["OutputName"] == output)
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    body = aws.client("s3").get_object(Bucket=bucket, Key=f"{prefix.rstrip('/')}/{file}")["Body"].read()
    found: dict[str, Any] = json.loads(body)
    return found


def _trials(sagemaker: Any, tuning_arn: str) -> list[dict[str, Any]]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=tuning_arn.rsplit("/", 1)[1], SortBy="CreationTime", SortOrder="Ascending"
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
    lines = [
        f"the pipeline {status['PipelineExecutionStatus'].lower()}: {status.get('FailureReason', 'no reason given')}"
    ]
    for step in steps:
        if step["StepStatus"] == "Failed":
            lines.append(f"step {step['StepName']}: {step.get('FailureReason', 'no reason given')}")
            lines += _last_log_lines(aws, step["Metadata"])
    return "\n".join(lines)


def _last_log_lines(aws: EmbeddedAws, metadata: dict[str, Any]) -> list[str]:
    for kind, group in _LOG_GROUPS.items():
        if kind in metadata:
            name = metadata[kind]["Arn"].rsplit("/", 1)[1]
            events = aws.client("logs").filter_log_events(logGroupName=group, logStreamNamePrefix=name)["events"]
            return [f"  | {event['message']}" for event in events[-_LOG_LINES:]]
    return []
