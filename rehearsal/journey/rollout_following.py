"""Follow a rollout to its end: the execution that the approval started, the endpoint, its gates and its alarms."""

import time
from datetime import UTC, datetime
from typing import Any

from rehearsal.journey.phases import PhaseLog
from rehearsal.journey.rollout_result import ALARM, LaunchTarget, RolloutResult
from slipway.errors import LaunchError
from slipway.operations.executions import listed_executions

POLL_SECONDS = 0.25
_START_SECONDS = 30.0


def execution_of(target: LaunchTarget, package_arn: str) -> str:
    """The execution that the approval's event started.

    Raises:
        LaunchError: there is none in time.
    """
    functions = target.aws.client("lambda")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        for execution in listed_executions(functions, target.rollout_function):
            arn: str = execution["DurableExecutionArn"]
            if package_arn in functions.get_durable_execution(DurableExecutionArn=arn)["InputPayload"]:
                return arn
        time.sleep(POLL_SECONDS)
    raise LaunchError(f"the approval of {package_arn} must start a rollout within {_START_SECONDS:.0f} s, got none")


def follow(target: LaunchTarget, execution: str, rollout: RolloutResult, phase: PhaseLog) -> None:
    """Observe the endpoint until the execution has ended."""
    observer, functions = _Observer(target, rollout, phase), target.aws.client("lambda")
    while functions.get_durable_execution(DurableExecutionArn=execution)["Status"] == "RUNNING":
        observer.poll()
        time.sleep(POLL_SECONDS)
    observer.poll()


class _Observer:
    """Polls the endpoint and its alarms as an operator would, and reports each change once."""

    def __init__(self, target: LaunchTarget, rollout: RolloutResult, phase: PhaseLog) -> None:
        self._target, self._rollout, self._phase = target, rollout, phase
        self._status = ""
        self._blue: str | None = None
        self._polled = False
        self._rolled_back = False
        self._gates: str | None = None
        self._packages: dict[str, str] = {}

    def poll(self) -> None:
        endpoint = _describe_endpoint(self._target)
        live = endpoint.get("EndpointConfigName")
        config = endpoint.get("PendingDeploymentSummary", {}).get("EndpointConfigName") or live
        if not self._polled:
            self._polled, self._blue = True, live
            self._rollout.previous_config = live
        if config and config != self._blue and self._rollout.config is None and self._serves_candidate(config):
            self._rollout.config = config
        if self._gates is None and (message := _gates_message(self._target, since=self._rollout.started_at)):
            self._gates = message
            self._phase.log(f"gates: {message}")
        status = _status(endpoint)
        if status != self._status:
            self._status = status
            self._mark(status)
        if self._rollout.config and not self._rolled_back:
            self._poll_alarms(self._rollout.config)
            if self._rollout.alarms and config != self._rollout.config:
                self._rolled_back = True
                self._mark("rolled back")
        users = self._target.traffic.snapshot()
        self._phase.show(f"{status}; users: {users.answered} answered, {users.failed} failed, {users.dropped} dropped")

    def _serves_candidate(self, config: str) -> bool:
        """Where the candidate is a shadow first, there are configs that serve what served before."""
        if config not in self._packages:
            self._packages[config] = _package_of(self._target, config)
        return self._packages[config] == self._rollout.model_package

    def _poll_alarms(self, config: str) -> None:
        cloudwatch = self._target.aws.client("cloudwatch")
        found = cloudwatch.describe_alarms(AlarmNamePrefix=config, StateValue="ALARM")["MetricAlarms"]
        for alarm in sorted(found, key=lambda alarm: alarm["StateUpdatedTimestamp"]):
            if alarm["AlarmName"] not in self._rollout.alarms:
                self._rollout.alarms.append(alarm["AlarmName"])
                self._rollout.moments.append((alarm["StateUpdatedTimestamp"].timestamp(), ALARM))
                self._phase.log(f"alarm {alarm['AlarmName']}: {alarm['StateReason']}")

    def _mark(self, text: str) -> None:
        self._rollout.moments.append((time.time(), text))
        self._phase.log(text)


def _describe_endpoint(target: LaunchTarget) -> dict[str, Any]:
    sagemaker = target.aws.client("sagemaker")
    try:
        found: dict[str, Any] = sagemaker.describe_endpoint(EndpointName=target.endpoint)
    except sagemaker.exceptions.ClientError:
        return {}
    return found


def _gates_message(target: LaunchTarget, *, since: float) -> str | None:
    """The exit message of the gates' job; None before it has ended."""
    sagemaker = target.aws.client("sagemaker")
    jobs = sagemaker.list_processing_jobs(
        NameContains=f"{target.endpoint}-gates-",
        CreationTimeAfter=datetime.fromtimestamp(since, UTC),
        StatusEquals="Completed",
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=1,
    )["ProcessingJobSummaries"]
    if not jobs:
        return None
    ended: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=jobs[0]["ProcessingJobName"])
    return ended.get("ExitMessage")


def _status(endpoint: dict[str, Any]) -> str:
    if not endpoint:
        return "no endpoint yet"
    pending = endpoint.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
    states = [s["Status"] for variant in pending for s in variant.get("VariantStatus", [])]
    beside = " with a shadow" if "ShadowProductionVariants" in endpoint else ""
    return f"{endpoint['EndpointStatus']} ({states[-1]})" if states else f"{endpoint['EndpointStatus']}{beside}"


def _package_of(target: LaunchTarget, config: str) -> str:
    """The model package that an endpoint config serves, or empty."""
    sagemaker = target.aws.client("sagemaker")
    described = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    model = sagemaker.describe_model(ModelName=described["ProductionVariants"][0]["ModelName"])
    containers = [*model.get("Containers", ()), model.get("PrimaryContainer") or {}]
    return next((str(each["ModelPackageName"]) for each in containers if "ModelPackageName" in each), "")
