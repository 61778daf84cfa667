"""The actions that delete what a use case's stage has besides its stacks, or what keeps a stack from being deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import message_of
from slipway.operations.bucket_contents import contents, empty
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.operations.executions import listed_executions
from slipway.operations.pausing import PauseParameter
from slipway.operations.polling import Polling
from slipway.operations.stacks import Stack
from slipway.rollout.pause import PAUSED
from slipway.rounding import counted
from slipway.settings.names import COST_TAG
from slipway.training.monitoring_job import job_prefix
from slipway.training.replay_job import gate_job_prefix

ENDPOINT_TAG = "slipway:endpoint"
"""On every Model and EndpointConfig of an endpoint, also on those that its stack retained."""


@dataclass(frozen=True)
class Action:
    """One thing to do: its description, and the call that does it."""

    what: str
    do: Callable[[], object]


def stop_executions(stage: DeployedStage) -> Iterator[Action]:
    """No rollout begins from now on; those that have not begun their update end."""
    states, names = stage.client("stepfunctions"), stage.names
    functions = _durable_functions(stage)
    if names.rollout_function in functions:
        pause = partial(PauseParameter.of(stage).write, PAUSED)
        yield Action(f"pause rollouts of {names.endpoint}", pause)
    for name in functions:
        yield from _stop_durable_executions(stage, name)
    own = {names.monitoring_schedule, names.retraining_machine}
    pages = states.get_paginator("list_state_machines").paginate()
    for machine in [each for page in pages for each in page["stateMachines"] if each["name"] in own]:
        running = states.get_paginator("list_executions").paginate(
            stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
        )
        for arn in [each["executionArn"] for page in running for each in page["executions"]]:
            stop = partial(states.stop_execution, executionArn=arn, error="Destroyed", cause="slipway destroy")
            yield Action(f"stop execution {arn}", stop)


def _durable_functions(stage: DeployedStage) -> list[str]:
    """The names of those that are deployed."""
    names, pages = stage.names, stage.client("lambda").get_paginator("list_functions").paginate()
    found = {each["FunctionName"] for page in pages for each in page["Functions"]}
    return [
        name for name in (names.rollout_function, names.schedule_function, names.experiment_function) if name in found
    ]


def _stop_durable_executions(stage: DeployedStage, name: str) -> Iterator[Action]:
    functions = stage.client("lambda")
    error = {"ErrorType": "Destroyed", "ErrorMessage": "slipway destroy"}
    for arn in [each["DurableExecutionArn"] for each in listed_executions(functions, name, Statuses=["RUNNING"])]:
        stop = partial(functions.stop_durable_execution, DurableExecutionArn=arn, Error=error)
        yield Action(f"stop execution {arn}", stop)


def stop_pipeline_and_jobs(stage: DeployedStage, polling: Polling) -> Iterator[Action]:
    """A pipeline that runs cannot be deleted; jobs would continue, and be billed, until their limit."""
    sagemaker, names = stage.client("sagemaker"), stage.names
    running = [
        arn for pipeline in (names.pipeline, names.batch_pipeline) for arn in _running_executions(sagemaker, pipeline)
    ]
    for arn in running:
        yield Action(f"stop pipeline execution {arn}", partial(_stop_pipeline_execution, sagemaker, arn, polling))
    for prefix in (f"{gate_job_prefix(names)}-", f"{job_prefix(names)}-"):
        jobs = sagemaker.list_processing_jobs(NameContains=prefix, StatusEquals="InProgress")
        for name in [each["ProcessingJobName"] for each in jobs["ProcessingJobSummaries"]]:
            if name.startswith(prefix):
                stop = partial(sagemaker.stop_processing_job, ProcessingJobName=name)
                yield Action(f"stop processing job {name}", stop)


def delete_packages(stage: DeployedStage, stack: Stack) -> Iterator[Action]:
    """A group that has packages cannot be deleted."""
    sagemaker = stage.client("sagemaker")
    for group in stack.physical_ids("AWS::SageMaker::ModelPackageGroup"):
        name = group.rpartition("/")[2]
        pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
        for arn in [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]]:
            what = f"delete version {version_of(arn)} of model package group {name}"
            yield Action(what, partial(sagemaker.delete_model_package, ModelPackageName=arn))


def empty_buckets(stage: DeployedStage, stack: Stack) -> Iterator[Action]:
    """The bucket of access logs is the last, because emptying the others writes some."""
    s3 = stage.client("s3")
    ids = {physical: logical for logical, type_, physical in stack.resources if type_ == "AWS::S3::Bucket"}
    for bucket in sorted(ids, key=lambda each: ids[each].startswith("AccessLogs")):
        if (found := contents(s3, bucket)).versions:
            what = f"empty bucket {bucket}: {counted(found.versions, 'version')}, {found.gigabytes:.3f} GB"
            yield Action(what, partial(empty, s3, bucket))


def delete_endpoint_configs(stage: DeployedStage) -> Iterator[Action]:
    delete = stage.client("sagemaker").delete_endpoint_config
    for name in _tagged(stage, "EndpointConfig"):
        yield Action(f"delete endpoint config {name}", partial(delete, EndpointConfigName=name))


def delete_models(stage: DeployedStage) -> Iterator[Action]:
    delete = stage.client("sagemaker").delete_model
    for name in _tagged(stage, "Model"):
        yield Action(f"delete model {name}", partial(delete, ModelName=name))


def delete_parameters(stage: DeployedStage) -> Iterator[Action]:
    ssm, names = stage.client("ssm"), stage.names
    wanted = [names.pause_parameter, names.stopped_parameter, names.monitor_parameter]
    for each in ssm.get_parameters(Names=wanted)["Parameters"]:
        yield Action(f"delete parameter {each['Name']}", partial(ssm.delete_parameter, Name=each["Name"]))


def delete_log_groups(stage: DeployedStage) -> Iterator[Action]:
    """Those that a service created by itself; groups that use cases share stay."""
    logs, names = stage.client("logs"), stage.names
    for group in (f"/aws/sagemaker/Endpoints/{names.endpoint}", f"/aws/lambda/{names.smoke_test}"):
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if group in {each["logGroupName"] for each in found}:
            yield Action(f"delete log group {group}", partial(logs.delete_log_group, logGroupName=group))


def _running_executions(sagemaker: Any, pipeline: str) -> list[str]:
    try:
        pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
        found = [each for page in pages for each in page["PipelineExecutionSummaries"]]
    except ClientError as exc:
        if "not exist" in message_of(exc) or "not found" in message_of(exc):
            return []
        raise
    ended = ("Succeeded", "Failed", "Stopped")
    return [each["PipelineExecutionArn"] for each in found if each["PipelineExecutionStatus"] not in ended]


def _stop_pipeline_execution(sagemaker: Any, arn: str, polling: Polling) -> None:
    def status() -> str:
        found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return str(found["PipelineExecutionStatus"])

    if status() == "Executing":
        token = f"slipway-destroy-{arn.rpartition('/')[2]:0>32}"  # at least 32 characters
        sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
    late = f"pipeline execution {arn} has not ended within {polling.timeout_seconds:.0f} s; run the command again"
    polling.until(lambda: None if status() in ("Executing", "Stopping") else True, late=late)


def _tagged(stage: DeployedStage, kind: str) -> list[str]:
    """Names of the account's models or endpoint configs that have a tag of the endpoint or the use case."""
    sagemaker, names = stage.client("sagemaker"), stage.names
    tags = [{"Key": ENDPOINT_TAG, "Value": names.endpoint}, {"Key": COST_TAG, "Value": names.prefix}]
    operation = {"EndpointConfig": "list_endpoint_configs", "Model": "list_models"}[kind]
    found = [each for page in sagemaker.get_paginator(operation).paginate() for each in page[f"{kind}s"]]
    arns = {each[f"{kind}Name"]: each[f"{kind}Arn"] for each in found}
    found_tags = {name: sagemaker.list_tags(ResourceArn=arn)["Tags"] for name, arn in arns.items()}
    return [name for name, has in found_tags.items() if any(tag in has for tag in tags)]
