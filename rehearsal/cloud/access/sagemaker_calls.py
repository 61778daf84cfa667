"""SageMaker's requests as IAM sees them.

After the service authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.cloud.access.calls import Call, call
from rehearsal.cloud.access.platform_calls import look_at_image
from rehearsal.cloud.environment import ACCOUNT, REGION

Parameters = Mapping[str, Any]
Tags = Callable[[str], Mapping[str, str]]
"""The tags of an ARN."""

_RESOURCES = {
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job",
    "ModelPackageGroup": "model-package-group",
    "Model": "model",
    "EndpointConfig": "endpoint-config",
    "Endpoint": "endpoint",
    "Pipeline": "pipeline",
    "MonitoringSchedule": "monitoring-schedule",
    "TrialComponent": "experiment-trial-component",
    "Trial": "experiment-trial",
    "Experiment": "experiment",
}
"""What a request names by <resource>Name, and the kind in its ARN."""

_ISOLATED = ("CreateTrainingJob", "CreateHyperParameterTuningJob", "CreateModel")
"""Requests whose isolation a policy may ask for."""
_VERB = re.compile(r"[A-Z][a-z]+")
_TAGGED = ("model", "endpoint-config", "endpoint", "processing-job", "training-job", "transform-job")
_PIPELINE_JOB = re.compile(r"pipelines-[a-z0-9]{12}-|[a-z0-9]{12}-")
"""How jobs of pipelines are named; SageMaker tags them with their execution."""


def sagemaker_calls(operation: str, parameters: Parameters, tags: Tags) -> Iterator[Call]:
    """The call itself, and those that SageMaker checks along with it."""
    resource, kind = _resource(operation, parameters)
    context = {f"aws__ResourceTag/{key}": value for key, value in tags(resource).items()} if kind in _TAGGED else {}
    if status := parameters.get("ModelApprovalStatus"):
        context["sagemaker__ModelApprovalStatus"] = str(status)
    if operation in _ISOLATED:
        context["sagemaker__NetworkIsolation"] = str(_isolated(parameters)).lower()
    yield call(f"sagemaker:{operation}", resource, **context)
    yield from _in_experiment(operation, parameters)
    if not operation.startswith("Create"):
        return
    if operation == "CreateModelPackage":
        yield call("sagemaker:CreateModelPackage", _arn("model-package-group", _group(parameters)), **context)
        for container in parameters.get("InferenceSpecification", {}).get("Containers", ()):
            yield from look_at_image(str(container.get("Image", "")))
    if parameters.get("Tags") or _is_of_pipeline(kind, parameters):
        yield call("sagemaker:AddTags", resource)
    for role in _roles(parameters):
        yield call("iam:PassRole", role, iam__PassedToService="sagemaker.amazonaws.com")
    for key in _volume_keys(parameters):
        yield from encrypted_volume(key)


def _in_experiment(operation: str, parameters: Parameters) -> Iterator[Call]:
    """Of an experiment and its trial: what a call names beside its own resource.

    What a job with an `ExperimentConfig` needs is not documented: the association that it stands for is required.
    """
    if operation == "CreateTrial":
        yield call("sagemaker:CreateTrial", _arn("experiment", str(parameters["ExperimentName"])))
    if operation == "AssociateTrialComponent":
        yield call("sagemaker:AssociateTrialComponent", _arn("experiment-trial", str(parameters["TrialName"])))
    if trial := parameters.get("ExperimentConfig", {}).get("TrialName"):
        kind = operation.removeprefix("Create")
        name = f"{parameters[f'{kind}Name']}-aws-{_RESOURCES[kind]}"
        yield call("sagemaker:CreateTrialComponent", _arn("experiment-trial-component", name))
        for resource in (_arn("experiment-trial", trial), _arn("experiment-trial-component", name)):
            yield call("sagemaker:AssociateTrialComponent", resource)


def encrypted_volume(key: str) -> Iterator[Call]:
    """What SageMaker calls to encrypt a volume with a customer's key."""
    yield call("kms:DescribeKey", key)
    yield call("kms:CreateGrant", key, kms__GrantIsForAWSResource="true")


def _resource(operation: str, parameters: Parameters) -> tuple[str, str]:
    if "PipelineExecutionArn" in parameters:
        return str(parameters["PipelineExecutionArn"]), "pipeline-execution"
    if "ModelPackage" in operation and "ModelPackageGroup" not in operation:
        return _package(parameters), "model-package"
    resource = _VERB.sub("", operation, count=1)
    for name in (resource, resource.removesuffix("s"), *sorted(_RESOURCES, key=len, reverse=True)):
        if name in _RESOURCES and f"{name}Name" in parameters:
            given = str(parameters[f"{name}Name"])
            return (given if given.startswith("arn:") else _arn(_RESOURCES[name], given)), _RESOURCES[name]
    return "*", ""


def _package(parameters: Parameters) -> str:
    given = parameters.get("ModelPackageArn") or parameters.get("ModelPackageName")
    if given:
        return str(given) if str(given).startswith("arn:") else _arn("model-package", str(given))
    # A version without a number yet, or a whole group: what a policy allows for all of them.
    return _arn("model-package", f"{_group(parameters)}/*") if _group(parameters) else "*"


def _group(parameters: Parameters) -> str:
    return str(parameters.get("ModelPackageGroupName", "")).rpartition("/")[2]


def _arn(kind: str, name: str) -> str:
    """As SageMaker writes it: most names are in lower case there."""
    shown = name if kind in ("model-package", "model-package-group") else name.lower()
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{shown}"


def _is_of_pipeline(kind: str, parameters: Parameters) -> bool:
    names = (str(value) for name, value in parameters.items() if name.endswith("JobName"))
    return kind.endswith("-job") and any(_PIPELINE_JOB.match(name) for name in names)


def _isolated(parameters: Parameters) -> bool:
    return all(job.get("EnableNetworkIsolation", False) for job in _definitions(parameters) or [parameters])


def _definitions(parameters: Parameters) -> list[Parameters]:
    """A tuning job's training job definitions, one or several."""
    single = parameters.get("TrainingJobDefinition")
    return [*([single] if single else []), *parameters.get("TrainingJobDefinitions", ())]


def _roles(parameters: Parameters) -> Iterator[str]:
    for place in (parameters, *_definitions(parameters)):
        for name in ("RoleArn", "ExecutionRoleArn"):
            if name in place:
                yield str(place[name])


def _volume_keys(parameters: Parameters) -> Iterator[str]:
    for place in (
        parameters.get("ResourceConfig", {}),
        *(each.get("ResourceConfig", {}) for each in _definitions(parameters)),
        parameters.get("ProcessingResources", {}).get("ClusterConfig", {}),
        parameters.get("TransformResources", {}),
    ):
        if key := place.get("VolumeKmsKeyId"):
            yield str(key)
