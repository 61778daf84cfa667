"""What each type of step does through the SageMaker API."""

import contextlib
import secrets
import string
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.jobs.retries import classify_api_error, classify_job_failure

_FIRST_PAUSE = 0.02
_LATENESS = 0.05
"""A job's end is seen late by at most this share of its time, and 20 ms."""
_ALPHABET = string.ascii_letters + string.digits


class StepFailure(Exception):  # noqa: N818 -- a step's end, shown to the user as FailureReason
    """The step failed; `kind` is the exception type of a RetryPolicy that may try it again."""

    def __init__(self, reason: str, kind: str | None = None) -> None:
        super().__init__(reason)
        self.kind = kind


class StepHalted(Exception):  # noqa: N818 -- a normal end, not an error
    """The run is ending, and the step was stopped."""


@dataclass(frozen=True)
class StepContext:
    """What an action needs besides its arguments."""

    sagemaker: Any
    execution_id: str
    step_name: str
    halt: threading.Event
    poll_seconds: float
    on_metadata: Callable[[dict[str, Any]], None]
    """Called as soon as the step's resource exists."""
    on_stopping: Callable[[], None]
    experiment: Mapping[str, str] | None = None
    """The `ExperimentConfig` of the execution's jobs."""


class StepAction(Protocol):
    def __call__(self, arguments: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        """Do it, wait for its end, and return what `Steps.<name>.…` refers to."""


def call(operation: str, method: Callable[..., dict[str, Any]], **arguments: Any) -> dict[str, Any]:
    """Call the API; what goes wrong fails the step in SageMaker's words."""
    try:
        return method(**arguments)
    except ClientError as exc:
        error, http = exc.response.get("Error", {}), exc.response.get("ResponseMetadata", {})
        kind = classify_api_error(str(error.get("Code", "")), int(http.get("HTTPStatusCode", 400)))
        raise StepFailure(_failed_call(operation, error.get("Message", exc)), kind) from exc
    except BotoCoreError as exc:
        raise StepFailure(_failed_call(operation, exc)) from exc


def _failed_call(operation: str, why: object) -> str:
    return f"ClientError: Failed to invoke sagemaker:{operation}. Error Details: {why}"


@dataclass(frozen=True)
class JobAction:
    """The API calls and field names of one kind of job."""

    resource: str
    """As in Create<Resource> and <Resource>Name."""
    snake: str
    metadata: str
    name_limit: int
    name_prefix: str
    is_in_experiment: bool = True
    """Whether its request takes an `ExperimentConfig`."""

    def __call__(self, arguments: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
        if context.halt.is_set():
            raise StepHalted
        client = context.sagemaker
        name = self.job_name(context.execution_id, context.step_name)
        named = {f"{self.resource}Name": name}
        if context.experiment and self.is_in_experiment:
            arguments = {**arguments, "ExperimentConfig": context.experiment}
        created = call(f"Create{self.resource}", getattr(client, f"create_{self.snake}"), **{**arguments, **named})
        context.on_metadata({self.metadata: {"Arn": created[f"{self.resource}Arn"]}})
        job = self._wait(named, context)
        if job[f"{self.resource}Status"] != "Completed":
            reason = job.get("FailureReason") or f"{self.resource} {name} ended as {self._ending(job)}"
            raise StepFailure(reason, classify_job_failure(reason))
        return job

    def job_name(self, execution_id: str, step_name: str) -> str:
        """As AWS names the jobs of a pipeline: prefix, execution, the start of the step's name, ten at random."""
        tail = "".join(secrets.choice(_ALPHABET) for _ in range(10))
        room = self.name_limit - len(self.name_prefix) - len(execution_id) - len(tail) - 2
        middle = step_name.replace("_", "-")[:room].strip("-")
        return f"{self.name_prefix}{execution_id}-{middle}-{tail}"

    def _wait(self, named: dict[str, str], context: StepContext) -> dict[str, Any]:
        describe = getattr(context.sagemaker, f"describe_{self.snake}")
        stopping, began = False, time.monotonic()
        while True:
            job = call(f"Describe{self.resource}", describe, **named)
            if job[f"{self.resource}Status"] in {"Completed", "Failed", "Stopped"}:
                if stopping and job[f"{self.resource}Status"] != "Completed":
                    raise StepHalted
                return job
            if context.halt.is_set() and not stopping:
                stopping = True
                context.on_stopping()
                self._stop(named, context)
            pause = min(context.poll_seconds, _FIRST_PAUSE + _LATENESS * (time.monotonic() - began))
            if stopping:
                time.sleep(pause)
            else:
                context.halt.wait(pause)

    def _stop(self, named: dict[str, str], context: StepContext) -> None:
        with contextlib.suppress(StepFailure):  # it may have ended this very moment; its status is read anyway
            call(f"Stop{self.resource}", getattr(context.sagemaker, f"stop_{self.snake}"), **named)

    def _ending(self, job: Mapping[str, Any]) -> str:
        return str(job.get("SecondaryStatus") or job[f"{self.resource}Status"])


def tune(arguments: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """A tuning job; its result also lists the training jobs, best first, as `TrainingJobSummaries`."""
    job = _TUNING(arguments, context)
    # With several definitions each has the objective, all the same.
    several = [each["TuningObjective"] for each in job.get("TrainingJobDefinitions", ())]
    objective = next(iter(several), job["HyperParameterTuningJobConfig"].get("HyperParameterTuningJobObjective", {}))
    summaries = call(
        "ListTrainingJobsForHyperParameterTuningJob",
        context.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job,
        HyperParameterTuningJobName=job["HyperParameterTuningJobName"],
        SortBy="FinalObjectiveMetricValue",
        SortOrder="Ascending" if objective.get("Type") == "Minimize" else "Descending",
        MaxResults=50,
    )
    return job | {"TrainingJobSummaries": summaries["TrainingJobSummaries"]}


def register_model(arguments: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """A model package; its group is made when it is not there, as SageMaker Pipelines does."""
    client = context.sagemaker
    if group := arguments.get("ModelPackageGroupName"):
        _ensure_group(client, group)
    created = call("CreateModelPackage", client.create_model_package, **arguments)
    arn = created["ModelPackageArn"]
    context.on_metadata({"RegisterModel": {"Arn": arn}})
    while True:
        package = call("DescribeModelPackage", client.describe_model_package, ModelPackageName=arn)
        if package["ModelPackageStatus"] == "Completed":
            return package
        if package["ModelPackageStatus"] == "Failed":
            raise StepFailure(f"model package {arn} ended as Failed")
        time.sleep(context.poll_seconds)


def _ensure_group(client: Any, name: str) -> None:
    try:
        client.describe_model_package_group(ModelPackageGroupName=name)
    except ClientError:
        call("CreateModelPackageGroup", client.create_model_package_group, ModelPackageGroupName=name)


def create_model(arguments: Mapping[str, Any], context: StepContext) -> dict[str, Any]:
    """A model that an endpoint configuration can name."""
    name = TRAINING.job_name(context.execution_id, context.step_name)
    created = call("CreateModel", context.sagemaker.create_model, **{**arguments, "ModelName": name})
    context.on_metadata({"Model": {"Arn": created["ModelArn"]}})
    return call("DescribeModel", context.sagemaker.describe_model, ModelName=name)


TRAINING = JobAction("TrainingJob", "training_job", "TrainingJob", name_limit=63, name_prefix="pipelines-")
PROCESSING = JobAction("ProcessingJob", "processing_job", "ProcessingJob", name_limit=63, name_prefix="pipelines-")
TRANSFORM = JobAction("TransformJob", "transform_job", "TransformJob", name_limit=63, name_prefix="pipelines-")
_TUNING = JobAction(
    "HyperParameterTuningJob", "hyper_parameter_tuning_job", "TuningJob", 32, "", is_in_experiment=False
)

ACTIONS: dict[str, StepAction] = {
    "Training": TRAINING,
    "Processing": PROCESSING,
    "Transform": TRANSFORM,
    "Tuning": tune,
    "RegisterModel": register_model,
    "Model": create_model,
}
