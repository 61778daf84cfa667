"""SG0xx: what SageMaker itself refuses in a DeploymentConfig."""

from collections.abc import Iterator
from typing import Any

from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedRollout, is_opaque
from slipway.guardrails.waits import first_size
from slipway.rollout.deployment_config import ConfigViolation, deployment_config_errors


def _policy_errors(planned: PlannedRollout, *about: str) -> Iterator[ConfigViolation]:
    if planned.deployment is None:
        return
    for error in deployment_config_errors(planned.deployment, instances=_instances(planned)):
        if error.about in about and not is_opaque(error.value):
            yield error


def _instances(planned: PlannedRollout) -> int:
    """Where the number is not known, one for which a readable size is valid."""
    if planned.instances:
        return planned.instances
    found = first_size(planned)
    return max(1, 2 * found[1]["Value"]) if found and found[1]["Type"] == "INSTANCE_COUNT" else 100


@rule("SG001", "error", because="SageMaker moves the traffic in one way and refuses two")
def two_policies(planned: PlannedRollout) -> Iterator[Found]:
    """A blue/green and a rolling policy at once."""
    for error in _policy_errors(planned, "UpdatePolicy"):
        yield Found(error.text, "remove BlueGreenUpdatePolicy or RollingUpdatePolicy")


@rule("SG002", "error", because="SageMaker refuses what it does not know")
def malformed(planned: PlannedRollout) -> Iterator[Found]:
    """Unknown keys, an unknown routing type, or a blue/green policy without routing."""
    for error in _policy_errors(planned, "DeploymentConfig", "TrafficRoutingConfiguration"):
        yield Found(error.text, "write one of what is allowed")


@rule("SG003", "error", because="a canary is the smaller part of the fleet; SageMaker refuses more than half")
def canary_size(planned: PlannedRollout) -> Iterator[Found]:
    """A canary above 50 %, or without a size."""
    for error in _policy_errors(planned, "CanarySize"):
        yield Found(error.text, "make it at most half of the variant's instances")


@rule("SG004", "error", because="SageMaker takes linear steps of 10 to 50 % of the fleet")
def linear_step_size(planned: PlannedRollout) -> Iterator[Found]:
    """A linear step outside 10..50 %, or without a size."""
    for error in _policy_errors(planned, "LinearStepSize"):
        yield Found(error.text, "make it 10 to 50 % of the variant's instances")


@rule("SG005", "error", because="SageMaker takes batches of 5 to 50 % of the fleet")
def batch_size(planned: PlannedRollout) -> Iterator[Found]:
    """A rolling batch outside 5..50 %, or without a size."""
    for error in _policy_errors(planned, "MaximumBatchSize", "RollbackMaximumBatchSize"):
        yield Found(error.text, "make it 5 to 50 % of the variant's instances (a rollback's batch up to 100 %)")


@rule("SG006", "error", because="SageMaker ends a rollout at its timeout, and takes 600..28800 s for it")
def timeout(planned: PlannedRollout) -> Iterator[Found]:
    """Waits that exceed the timeout, or a timeout outside its bounds."""
    for error in _policy_errors(planned, "MaximumExecutionTimeoutInSeconds"):
        yield Found(error.text, "raise the timeout above the sum of all waits and the start of a fleet")


@rule("SG007", "error", because="SageMaker takes waits of 0..3600 s, and UpdateEndpoint wants the interval every time")
def wait(planned: PlannedRollout) -> Iterator[Found]:
    """A wait outside its bounds, or none where one is required."""
    for error in _policy_errors(planned, "WaitIntervalInSeconds", "TerminationWaitInSeconds"):
        yield Found(error.text, "write a wait as long as the alarms' windows, at most 3600 s")
    routing = _routing(planned)
    if planned.through_api and routing and "WaitIntervalInSeconds" not in routing:
        what = f"TrafficRoutingConfiguration must have WaitIntervalInSeconds, got {', '.join(sorted(routing))}"
        yield Found(what, "write 0 for ALL_AT_ONCE, the bake in seconds for the others")


def _routing(planned: PlannedRollout) -> dict[str, Any]:
    policy = (planned.deployment or {}).get("BlueGreenUpdatePolicy") or {}
    return dict(policy.get("TrafficRoutingConfiguration") or {})


@rule("SG008", "error", because="SageMaker takes at most 10 alarms")
def too_many_alarms(planned: PlannedRollout) -> Iterator[Found]:
    """More than ten alarms."""
    for error in _policy_errors(planned, "AlarmCount"):
        if error.value:
            yield Found(error.text, "keep the alarms that detect a bad model, or join some in one metric-math alarm")


@rule("SG009", "error", because="CloudFormation refuses an alarm that is named twice")
def doubled_alarms(planned: PlannedRollout) -> Iterator[Found]:
    """An alarm named twice."""
    for _ in _policy_errors(planned, "AlarmNames"):
        names = planned.named_alarms
        twice = sorted({name for name in names if names.count(name) > 1})
        yield Found(f"AutoRollbackConfiguration.Alarms must be unique, got {', '.join(twice)} twice", "name it once")


RULES = (
    two_policies,
    malformed,
    canary_size,
    linear_step_size,
    batch_size,
    timeout,
    wait,
    too_many_alarms,
    doubled_alarms,
)
