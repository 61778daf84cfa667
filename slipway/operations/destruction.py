"""End a use case's stage: what runs, its stacks in the order of their dependencies, and what no stack owns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from slipway.errors import LaunchError
from slipway.operations import stacks
from slipway.operations.aws_errors import RefusedError, message_of
from slipway.operations.buckets import empty, held
from slipway.operations.deployed_stage import DeployedStage, version_of
from slipway.operations.hold import Hold
from slipway.operations.stacks import Pace, Stack
from slipway.rollout.pause import HELD
from slipway.training.monitoring_job import job_prefix
from slipway.training.replay_job import gate_job_prefix

ENDPOINT_TAG = "slipway:endpoint"
"""On every Model and EndpointConfig of an endpoint, those that its stack retained included."""

_ORDER = ("endpoint", "rollout", "monitoring", "training", "network", "image", "storage")
_LOGS_LATER = 3
"""Times that the storage stack is tried: S3 delivers access logs hours late, into a bucket just emptied."""


@dataclass(frozen=True)
class Action:
    """One thing to do, in words, and how."""

    what: str
    do: Callable[[], None]


@dataclass
class Destruction:
    """Each stage looks at the account anew: a second run, or one after an interrupt, does what is left."""

    stage: DeployedStage
    pace: Pace = field(default_factory=Pace)

    def planned(self) -> list[str]:
        """What `run` would do now.

        Raises:
            RefusedError: as `run`.
        """
        self._refuse_harm()
        return [action.what for phase in self._phases() for action in phase()]

    def run(self, report: Callable[[str], object]) -> list[str]:
        """Do it; returns what was done.

        Raises:
            RefusedError: something is under way, or a deployed stack keeps what the settings do not, or the reverse.
            LaunchError: AWS could not delete something.
        """
        self._refuse_harm()
        done = []
        for phase in self._phases():
            for action in list(phase()):
                report(action.what)
                action.do()
                done.append(action.what)
        return done

    def _phases(self) -> list[Callable[[], Iterator[Action]]]:
        stacks = [partial(self._stack, kind) for kind in _ORDER]
        return [self._rollouts, self._runs, *stacks, self._configs, self._models, self._parameters, self._logs]

    @property
    def _keeps(self) -> bool:
        return self.stage.settings.keep_data

    def _refuse_harm(self) -> None:
        for kind in _ORDER:
            stack = stacks.find(self.stage, kind)
            if stack is None:
                continue
            if stack.status.endswith("_IN_PROGRESS") and stack.status != "DELETE_IN_PROGRESS":
                raise RefusedError(
                    f"stack {stack.name} is {stack.status}: wait for its end, or send a rollout back with "
                    "`slipway rollout abort --reason …`, and run this again"
                )
            for logical_id, type_, _ in stack.resources:
                if type_ in stacks.DATA_TYPES and (logical_id in stack.retained) != self._keeps:
                    does, wants = ("keeps", "false") if logical_id in stack.retained else ("deletes", "true")
                    raise RefusedError(
                        f"stack {stack.name} {does} {logical_id} ({type_}) when it goes, and keep_data is {wants} in "
                        "the settings: deploy the settings first"
                    )

    def _rollouts(self) -> Iterator[Action]:
        """None begins from now on, and those that have not begun their update end."""
        states, names = self.stage.client("stepfunctions"), self.stage.names
        own = {
            names.state_machine,
            names.monitoring_schedule,
            names.retraining_machine,
            names.office_hours_machine,
        }
        pages = states.get_paginator("list_state_machines").paginate()
        for machine in [each for page in pages for each in page["stateMachines"] if each["name"] in own]:
            if machine["name"] == names.state_machine:
                hold = Hold(self.stage.client("ssm"), names.hold_parameter)
                yield Action(f"hold rollouts of {names.endpoint}", partial(hold.write, HELD))
            running = states.get_paginator("list_executions").paginate(
                stateMachineArn=machine["stateMachineArn"], statusFilter="RUNNING"
            )
            for arn in [each["executionArn"] for page in running for each in page["executions"]]:
                yield Action(
                    f"stop execution {arn}",
                    partial(states.stop_execution, executionArn=arn, error="Destroyed", cause="slipway destroy"),
                )

    def _runs(self) -> Iterator[Action]:
        """A pipeline that runs cannot be deleted; jobs would go on, and be paid for, to their limit."""
        sagemaker, names = self.stage.client("sagemaker"), self.stage.names
        for arn in self._executing(sagemaker, names.pipeline):
            yield Action(f"stop pipeline execution {arn}", partial(self._stop_run, sagemaker, arn))
        for prefix in (f"{gate_job_prefix(names)}-", f"{job_prefix(names)}-"):
            jobs = sagemaker.list_processing_jobs(NameContains=prefix, StatusEquals="InProgress")
            for name in [each["ProcessingJobName"] for each in jobs["ProcessingJobSummaries"]]:
                if name.startswith(prefix):
                    stop = partial(sagemaker.stop_processing_job, ProcessingJobName=name)
                    yield Action(f"stop processing job {name}", stop)

    def _executing(self, sagemaker: Any, pipeline: str) -> list[str]:
        try:
            pages = sagemaker.get_paginator("list_pipeline_executions").paginate(PipelineName=pipeline)
            found = [each for page in pages for each in page["PipelineExecutionSummaries"]]
        except ClientError as exc:
            if "not exist" in message_of(exc) or "not found" in message_of(exc):
                return []
            raise
        ended = ("Succeeded", "Failed", "Stopped")
        return [each["PipelineExecutionArn"] for each in found if each["PipelineExecutionStatus"] not in ended]

    def _stop_run(self, sagemaker: Any, arn: str) -> None:
        def status() -> str:
            found = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
            return str(found["PipelineExecutionStatus"])

        if status() == "Executing":
            token = f"slipway-destroy-{arn.rpartition('/')[2]:0>32}"  # at least 32 characters
            sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken=token)
        self.pace.until(lambda: status() not in ("Executing", "Stopping"), f"pipeline execution {arn}")

    def _stack(self, kind: str) -> Iterator[Action]:
        stack = stacks.find(self.stage, kind)
        if stack is None:
            return
        if not self._keeps:
            yield from {"training": self._packages, "storage": self._objects}.get(kind, _nothing)(stack)
        yield Action(f"delete stack {stack.name}", partial(self._delete_stack, kind))

    def _delete_stack(self, kind: str) -> None:
        attempts = _LOGS_LATER if kind == "storage" and not self._keeps else 1
        why = None
        for _ in range(attempts):
            stack = stacks.find(self.stage, kind)
            if stack is None:
                return
            if why and not self._keeps:
                for action in self._objects(stack):
                    action.do()
            if (why := stacks.delete(self.stage, stack, self.pace)) is None:
                return
        name = self.stage.names.stack(kind)
        raise LaunchError(f"stack {name} could not be deleted: {why}; mend that, and run this again")

    def _packages(self, stack: Stack) -> Iterator[Action]:
        """A group that holds packages cannot be deleted."""
        sagemaker = self.stage.client("sagemaker")
        for group in stack.physical("AWS::SageMaker::ModelPackageGroup"):
            name = group.rpartition("/")[2]
            pages = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageGroupName=name)
            for arn in [each["ModelPackageArn"] for page in pages for each in page["ModelPackageSummaryList"]]:
                what = f"delete version {version_of(arn)} of model package group {name}"
                yield Action(what, partial(sagemaker.delete_model_package, ModelPackageName=arn))

    def _objects(self, stack: Stack) -> Iterator[Action]:
        """Access logs last: emptying the others writes some."""
        s3 = self.stage.client("s3")
        ids = {physical: logical for logical, type_, physical in stack.resources if type_ == "AWS::S3::Bucket"}
        for bucket in sorted(ids, key=lambda each: ids[each].startswith("AccessLogs")):
            if (found := held(s3, bucket)).versions:
                what = f"empty bucket {bucket}: {found.versions} versions, {found.gigabytes:.3f} GB"
                yield Action(what, partial(empty, s3, bucket))

    def _configs(self) -> Iterator[Action]:
        sagemaker = self.stage.client("sagemaker")
        pages = sagemaker.get_paginator("list_endpoint_configs").paginate()
        for each in [each for page in pages for each in page["EndpointConfigs"]]:
            if self._is_ours(each["EndpointConfigArn"]):
                name = each["EndpointConfigName"]
                delete = partial(sagemaker.delete_endpoint_config, EndpointConfigName=name)
                yield Action(f"delete endpoint config {name}", delete)

    def _models(self) -> Iterator[Action]:
        sagemaker = self.stage.client("sagemaker")
        pages = sagemaker.get_paginator("list_models").paginate()
        for each in [each for page in pages for each in page["Models"]]:
            if self._is_ours(each["ModelArn"]):
                name = each["ModelName"]
                yield Action(f"delete model {name}", partial(sagemaker.delete_model, ModelName=name))

    def _is_ours(self, arn: str) -> bool:
        tags = self.stage.client("sagemaker").list_tags(ResourceArn=arn)["Tags"]
        return {"Key": ENDPOINT_TAG, "Value": self.stage.names.endpoint} in tags

    def _parameters(self) -> Iterator[Action]:
        ssm, names = self.stage.client("ssm"), self.stage.names
        wanted = [names.hold_parameter, names.stopped_parameter, names.monitor_parameter]
        for each in ssm.get_parameters(Names=wanted)["Parameters"]:
            yield Action(f"delete parameter {each['Name']}", partial(ssm.delete_parameter, Name=each["Name"]))

    def _logs(self) -> Iterator[Action]:
        """Those that a service made by itself; groups that use cases share stay."""
        logs, names = self.stage.client("logs"), self.stage.names
        for group in (f"/aws/sagemaker/Endpoints/{names.endpoint}", f"/aws/lambda/{names.smoke_test}"):
            found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            if group in {each["logGroupName"] for each in found}:
                yield Action(f"delete log group {group}", partial(logs.delete_log_group, logGroupName=group))


def _nothing(_stack: Stack) -> Iterator[Action]:
    yield from ()
