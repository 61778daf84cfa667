"""One run of the training pipeline through the SageMaker API, from the upload to the registered package."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.tuning_progress import TuningProgress
from slipway.errors import LaunchError
from slipway.operations.data_fingerprint import data_fingerprint
from slipway.training.parameters import DATA_FINGERPRINT

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
"""By the kind in a job's ARN: the call that lists such jobs, and the keys of its response."""
_LOG_GROUPS = {"ProcessingJob": "/aws/sagemaker/ProcessingJobs", "TrainingJob": "/aws/sagemaker/TrainingJobs"}


@dataclass
class TrainingRun:
    """What one pipeline execution has produced so far, also of one that was cut short."""

    execution_arn: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    package_arn: str = ""
    evaluation: dict[str, Any] = field(default_factory=dict)
    profile: dict[str, Any] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)
    reported: dict[str, str] = field(default_factory=dict)
    """The package's properties, where the metric is the training image's own and nothing was evaluated."""
    pictures: dict[str, str] = field(default_factory=dict)
    """SVG text by what each shows."""


def upload(aws: EmbeddedAws, files: Sequence[Path], *, bucket: str, prefix: str) -> str:
    """Upload the files under their own names. Returns the URI of the prefix, which SageMaker copies whole."""
    for path in files:
        aws.client("s3").upload_file(str(path), bucket, f"{prefix}{path.name}")
    return f"s3://{bucket}/{prefix}"


def train(
    aws: EmbeddedAws, run: TrainingRun, *, pipeline: str, input_data_uri: str, commit: str, phase: PhaseLog
) -> None:
    """Start the deployed pipeline on `input_data_uri` and follow it to its end; `run` is filled meanwhile.

    Raises:
        LaunchError: the execution failed, or the gate refused the candidate.
    """
    sagemaker = aws.client("sagemaker")
    parameters = {
        "InputDataUri": input_data_uri,
        DATA_FINGERPRINT: data_fingerprint(aws.client("s3"), input_data_uri),
        "SourceCommit": commit,
    }
    run.execution_arn = sagemaker.start_pipeline_execution(
        PipelineName=pipeline,
        PipelineParameters=[{"Name": name, "Value": value} for name, value in parameters.items()],
    )["PipelineExecutionArn"]
    _follow(sagemaker, run, phase)
    metadata = {step["StepName"]: step.get("Metadata", {}) for step in run.steps}
    run.profile = _document(_files(aws, metadata.get("Prepare"), "profile"), "profile.json")
    run.trials = _trials(sagemaker, metadata.get("Tune"))
    evaluated = _files(aws, metadata.get("Evaluate"), "evaluation")
    run.evaluation = _document(evaluated, "evaluation.json")
    run.pictures = {caption: evaluated[name].decode() for name, caption in run.evaluation.get("pictures", {}).items()}
    status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=run.execution_arn)
    if status["PipelineExecutionStatus"] != "Succeeded":
        raise LaunchError(_explain_failure(aws, status, run.steps))
    run.package_arn = metadata["Register"]["RegisterModel"]["Arn"]
    if not run.evaluation:
        run.reported = sagemaker.describe_model_package(ModelPackageName=run.package_arn)["CustomerMetadataProperties"]


def _follow(sagemaker: Any, run: TrainingRun, phase: PhaseLog) -> None:
    reported: set[str] = set()
    tuning = TuningProgress(sagemaker, partial(_name, sagemaker))
    while True:
        status = sagemaker.describe_pipeline_execution(PipelineExecutionArn=run.execution_arn)
        run.steps = _steps(sagemaker, run.execution_arn)
        for step in run.steps:
            if "EndTime" in step and step["StepName"] not in reported:
                reported.add(step["StepName"])
                phase.log(f"{step['StepName']} {step['StepStatus'].lower()} in {_seconds(step):.1f} s")
        if status["PipelineExecutionStatus"] not in ("Executing", "Stopping"):
            return
        running = ", ".join(step["StepName"] for step in run.steps if step["StepStatus"] == "Executing")
        trials = tuning.text(run.steps)
        phase.show(f"{running} running{trials and f': {trials}'}")
        time.sleep(_POLL_SECONDS)


def _steps(sagemaker: Any, arn: str) -> list[dict[str, Any]]:
    found = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, SortOrder="Ascending", MaxResults=100)
    steps: list[dict[str, Any]] = found["PipelineExecutionSteps"]
    return steps


def _seconds(step: dict[str, Any]) -> float:
    """The duration of the step; one that was cut short has no end and counts as 0."""
    return float((step.get("EndTime", step["StartTime"]) - step["StartTime"]).total_seconds())


def step_rows(run: TrainingRun) -> list[dict[str, Any]]:
    """The steps as `report.json` has them."""
    return [
        {
            "step": s["StepName"],
            "type": next(iter(s.get("Metadata", {})), ""),
            "status": s["StepStatus"],
            "seconds": round(_seconds(s), 3),
        }
        for s in run.steps
    ]


def _files(aws: EmbeddedAws, metadata: dict[str, Any] | None, output: str) -> dict[str, bytes]:
    """The files of one output of a step's processing job, by name; none if the job did not write them."""
    if not metadata or "ProcessingJob" not in metadata:
        return {}
    sagemaker, s3 = aws.client("sagemaker"), aws.client("s3")
    job = sagemaker.describe_processing_job(ProcessingJobName=_name(sagemaker, metadata["ProcessingJob"]["Arn"]))
    if job["ProcessingJobStatus"] != "Completed":
        return {}
    outputs = {each["OutputName"]: each["S3Output"]["S3Uri"] for each in job["ProcessingOutputConfig"]["Outputs"]}
    bucket, _, folder = outputs[output].removeprefix("s3://").partition("/")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder.rstrip('/')}/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", ())]
    return {key.removeprefix(folder).lstrip("/"): s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def _document(files: dict[str, bytes], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files.get(name, b"{}"))
    return found


def _name(sagemaker: Any, arn: str) -> str:
    """The name of a job; its ARN has it in lower case only."""
    operation, summaries, name = _LISTS[arn.rsplit(":", 1)[1].partition("/")[0]]
    pages = sagemaker.get_paginator(operation).paginate(SortBy="CreationTime", SortOrder="Descending")
    key = name.removesuffix("Name") + "Arn"
    return next(str(job[name]) for page in pages for job in page[summaries] if job[key] == arn)


def _trials(sagemaker: Any, metadata: dict[str, Any] | None) -> list[dict[str, Any]]:
    if not metadata or "TuningJob" not in metadata:
        return []
    tuning_arn = metadata["TuningJob"]["Arn"]
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
            log = _last_log_lines(aws, step.get("Metadata", {}))
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
