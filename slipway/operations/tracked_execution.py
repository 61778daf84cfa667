"""One execution of the training pipeline as experiment tracking has it: training jobs, evaluation, origin."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.operations.aws_errors import RefusedError
from slipway.training.parameters import DATA_FINGERPRINT, INPUT_DATA_URI, SOURCE_COMMIT

ENDED = ("Succeeded", "Failed", "Stopped")
_EVALUATE = "Evaluate"
_GIVEN = {"data_uri": INPUT_DATA_URI, "data_fingerprint": DATA_FINGERPRINT}
_MODELS = {"metrics": "test", "baseline": "reference", "naive": "naive", "champion": "champion"}
"""The evaluation's figures of each model on the test split, by what their metrics are called here."""


@dataclass(frozen=True)
class TrackedJob:
    """A training job, or the job that evaluated the best model; `status` is SageMaker's."""

    step: str
    name: str
    arn: str
    status: str
    started: datetime | None
    ended: datetime | None
    parameters: dict[str, str]
    metrics: dict[str, float]
    reused_from: str | None
    """The execution that ran it, where the step cache had its result."""

    @property
    def is_evaluation(self) -> bool:
        return self.step == _EVALUATE


@dataclass(frozen=True)
class TrackedExecution:
    arn: str
    status: str
    reason: str
    started: datetime
    ended: datetime
    experiment: str | None
    trial: str | None
    """In SageMaker Experiments, where the pipeline's definition asks for it."""
    commit: str
    facts: dict[str, str]
    """The data, the model and the gate; what is unknown is left out."""
    jobs: list[TrackedJob]

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def metrics(self) -> dict[str, float]:
        """Of the evaluation; none if it was not reached."""
        return next((job.metrics for job in self.jobs if job.is_evaluation), {})


def tracked_execution(sagemaker: Any, s3: Any, arn: str) -> TrackedExecution:
    """Read from the account; `s3` reads the evaluation.

    Raises:
        RefusedError: it has not ended yet.
    """
    found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    status = found["PipelineExecutionStatus"]
    if status not in ENDED:
        raise RefusedError(f"execution {arn} must have ended to be tracked, got {status}: wait for its end")
    pages = sagemaker.get_paginator("list_pipeline_execution_steps").paginate(PipelineExecutionArn=arn)
    steps = sorted((step for page in pages for step in page["PipelineExecutionSteps"]), key=lambda s: s["StartTime"])
    given = _parameters(sagemaker, arn)
    evaluation = _evaluation(sagemaker, s3, steps)
    return TrackedExecution(
        arn=arn,
        status=status,
        reason=found.get("FailureReason", ""),
        started=found["CreationTime"],
        ended=found["LastModifiedTime"],
        experiment=found.get("PipelineExperimentConfig", {}).get("ExperimentName"),
        trial=found.get("PipelineExperimentConfig", {}).get("TrialName"),
        commit=given.get(SOURCE_COMMIT, ""),
        facts=dict(_facts(given, steps, evaluation)),
        jobs=[job for step in steps for job in _jobs(sagemaker, step, evaluation)],
    )


def _parameters(sagemaker: Any, arn: str) -> dict[str, str]:
    pages = sagemaker.get_paginator("list_pipeline_parameters_for_execution").paginate(PipelineExecutionArn=arn)
    return {row["Name"]: row["Value"] for page in pages for row in page["PipelineParameters"]}


def _facts(
    given: Mapping[str, str], steps: list[dict[str, Any]], evaluation: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    yield from ((name, given[key]) for name, key in _GIVEN.items() if key in given)
    if evaluation:
        yield "problem", evaluation["problem"]
        yield "algorithm", evaluation["algorithm"]
        yield "gate", "passed" if evaluation["gate"]["passed"] else "refused"
        yield "gate_reasons", evaluation["gate"]["reasons"]
    for step in steps:
        if registered := step.get("Metadata", {}).get("RegisterModel"):
            yield "model_package", registered["Arn"]


def _jobs(sagemaker: Any, step: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Iterator[TrackedJob]:
    metadata = step.get("Metadata", {})
    if "TrainingJob" in metadata:
        yield _training(sagemaker, step, _name(metadata["TrainingJob"]["Arn"]))
    elif "TuningJob" in metadata:
        pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=_name(metadata["TuningJob"]["Arn"]),
            SortBy="CreationTime",
            SortOrder="Ascending",
        )
        for name in [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]:
            yield _training(sagemaker, step, name)
    elif "ProcessingJob" in metadata and step["StepName"] == _EVALUATE:
        yield _evaluated(sagemaker, step, _name(metadata["ProcessingJob"]["Arn"]), evaluation)


def _training(sagemaker: Any, step: Mapping[str, Any], name: str) -> TrackedJob:
    job = sagemaker.describe_training_job(TrainingJobName=name)
    given = job.get("HyperParameters", {})
    return _tracked(
        step,
        job,
        kind="Training",
        # Those with an underscore are a tuning job's own.
        parameters={key: value for key, value in given.items() if not key.startswith("_")},
        metrics={each["MetricName"]: each["Value"] for each in job.get("FinalMetricDataList", ())},
    )


def _evaluated(sagemaker: Any, step: Mapping[str, Any], name: str, evaluation: Mapping[str, Any]) -> TrackedJob:
    given = evaluation.get("hyperparameters") or {}
    return _tracked(
        step,
        sagemaker.describe_processing_job(ProcessingJobName=name),
        kind="Processing",
        parameters={name: str(value) for name, value in given.items() if value not in (None, "", {})},
        metrics=dict(_figures(evaluation)),
    )


def _tracked(
    step: Mapping[str, Any],
    job: Mapping[str, Any],
    *,
    kind: str,
    parameters: dict[str, str],
    metrics: dict[str, float],
) -> TrackedJob:
    """A job as SageMaker describes it, whose keys begin with its kind."""
    return TrackedJob(
        step=step["StepName"],
        name=job[f"{kind}JobName"],
        arn=job[f"{kind}JobArn"],
        status=job[f"{kind}JobStatus"],
        started=job.get(f"{kind}StartTime"),
        ended=job.get(f"{kind}EndTime"),
        parameters=parameters,
        metrics=metrics,
        reused_from=_reused_from(step),
    )


def _figures(evaluation: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, model in _MODELS.items():
        for metric, value in (evaluation.get(key) or {}).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                yield f"{model}:{metric}", float(value)


def _evaluation(sagemaker: Any, s3: Any, steps: list[dict[str, Any]]) -> dict[str, Any]:
    """What Evaluate wrote; empty if it did not come to its end."""
    for step in steps:
        if step["StepName"] == _EVALUATE and step["StepStatus"] == "Succeeded":
            job = sagemaker.describe_processing_job(ProcessingJobName=_name(step["Metadata"]["ProcessingJob"]["Arn"]))
            outputs = job["ProcessingOutputConfig"]["Outputs"]
            folder = next(each["S3Output"]["S3Uri"] for each in outputs if each["OutputName"] == "evaluation")
            bucket, _, key = folder.removeprefix("s3://").partition("/")
            body = s3.get_object(Bucket=bucket, Key=f"{key.rstrip('/')}/evaluation.json")["Body"].read()
            document: dict[str, Any] = json.loads(body)
            return document
    return {}


def _reused_from(step: Mapping[str, Any]) -> str | None:
    source: str | None = step.get("CacheHitResult", {}).get("SourcePipelineExecutionArn")
    return source


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
