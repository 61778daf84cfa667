"""How a new fleet takes over an endpoint: the plan of a DeploymentConfig and the pure state machine that follows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, assert_never

from slipway.rollout.deployment_config import LONGEST_TIMEOUT_SECONDS, check_deployment_config

if TYPE_CHECKING:  # the analysis function ships the plan, but not pydantic
    from collections.abc import Mapping, Sequence

    from slipway.settings import Rollout

RolloutType = Literal["all_at_once", "canary", "linear", "rolling"]


class Phase(StrEnum):
    """Where a rollout stands; it ends promoted, rolled back, or with a rollback that failed."""

    PROVISIONING = "Provisioning"
    SHIFTING = "Shifting"
    BAKING = "Baking"
    FINAL_BAKING = "FinalBaking"
    TERMINATING = "Terminating"
    PROMOTED = "Promoted"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    ROLLBACK_FAILED = "RollbackFailed"


ENDS = frozenset({Phase.PROMOTED, Phase.ROLLED_BACK, Phase.ROLLBACK_FAILED})


@dataclass(frozen=True)
class RolloutPlan:
    """What a DeploymentConfig asks for, in whole instances.

    Traffic follows capacity: with `steps` of 1 and 4 out of 4 `instances` the new fleet serves 25 %, then 100 %.
    AWS does not document how a CAPACITY_PERCENT becomes instances; here it is rounded down, so that no more users are
    exposed than intended, but to one instance at least. One instance is therefore always all of a fleet of one.
    """

    type: RolloutType
    instances: int
    steps: tuple[int, ...]
    """Instances of the new fleet that serve after each shift; the last is all of them."""
    wait_seconds: int
    final_wait_seconds: int
    timeout_seconds: int
    rollback_batch: int
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True)
class RolloutState:
    """Where a rollout stands, and why it was rolled back if it was."""

    phase: Phase = Phase.PROVISIONING
    step: int = 0
    green_instances: int = 0
    alarm: str | None = None
    failure: str | None = None
    rollback_failure: str | None = None

    @property
    def ended(self) -> bool:
        return self.phase in ENDS


def advance(
    state: RolloutState, *, plan: RolloutPlan, baked: bool, alarm: str | None = None, failure: str | None = None
) -> RolloutState:
    """The state after `state`.

    Args:
        state: where the rollout stands.
        plan: what it follows.
        baked: the work of this phase is done: provisioned, weights set, waited, drained.
        alarm: the name of a rollback alarm in ALARM. It rolls back every phase that has not ended, draining of the
            old fleet included: its servers end only after `PROMOTED`.
        failure: anything else that rolls the rollout back (the new fleet does not start, the time is up); while it is
            rolling back, what stops it from doing so.
    """
    if state.ended:
        return state
    if state.phase is Phase.ROLLING_BACK:
        if failure is not None:
            return replace(state, phase=Phase.ROLLBACK_FAILED, rollback_failure=failure)
        return _roll_back_further(state, plan) if baked else state
    if alarm is not None or failure is not None:
        rolled_back = replace(state, phase=Phase.ROLLING_BACK, alarm=alarm, failure=failure)
        return replace(rolled_back, green_instances=max(0, state.green_instances - plan.rollback_batch))
    return _next(state, plan) if baked else state


def _roll_back_further(state: RolloutState, plan: RolloutPlan) -> RolloutState:
    if state.green_instances == 0:
        return replace(state, phase=Phase.ROLLED_BACK)
    return replace(state, green_instances=max(0, state.green_instances - plan.rollback_batch))


def _next(state: RolloutState, plan: RolloutPlan) -> RolloutState:
    match state.phase:
        case Phase.PROVISIONING:
            return _shift(state, plan, 0)
        case Phase.SHIFTING:
            last = state.step == len(plan.steps) - 1
            return replace(state, phase=Phase.FINAL_BAKING if last else Phase.BAKING)
        case Phase.BAKING:
            return _shift(state, plan, state.step + 1)
        case Phase.FINAL_BAKING:
            return replace(state, phase=Phase.TERMINATING)
        case Phase.TERMINATING:
            return replace(state, phase=Phase.PROMOTED)
        case Phase.ROLLING_BACK | Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ROLLBACK_FAILED:
            return state
    assert_never(state.phase)


def _shift(state: RolloutState, plan: RolloutPlan, step: int) -> RolloutState:
    return replace(state, phase=Phase.SHIFTING, step=step, green_instances=plan.steps[step])


def green_share(state: RolloutState, plan: RolloutPlan) -> float:
    """Share of the users that the new fleet serves, 0..1."""
    return state.green_instances / plan.instances


def wait_seconds(state: RolloutState, plan: RolloutPlan) -> int:
    """How long the phase must last before it counts as baked; 0 for phases that do work instead of waiting."""
    if state.phase is Phase.BAKING:
        return plan.wait_seconds
    return plan.final_wait_seconds if state.phase is Phase.FINAL_BAKING else 0


def plan_from_deployment_config(config: Mapping[str, Any] | None, *, instances: int) -> RolloutPlan:
    """The plan of a DeploymentConfig in SageMaker's shape; None is blue/green all at once without a bake.

    Raises:
        InputError: SageMaker would refuse it; every error is in the message, a line each.
    """
    config = config or {}
    check_deployment_config(config, instances=instances)
    alarms = tuple(alarm["AlarmName"] for alarm in config.get("AutoRollbackConfiguration", {}).get("Alarms", ()))
    if rolling := config.get("RollingUpdatePolicy"):
        return _rolling(rolling, instances, alarms)
    return _blue_green(config.get("BlueGreenUpdatePolicy") or {}, instances, alarms)


def _rolling(policy: Mapping[str, Any], instances: int, alarms: tuple[str, ...]) -> RolloutPlan:
    wait = int(policy["WaitIntervalInSeconds"])
    rollback = policy.get("RollbackMaximumBatchSize")
    return RolloutPlan(
        type="rolling",
        instances=instances,
        steps=_even_steps(whole_instances(policy["MaximumBatchSize"], instances), instances),
        wait_seconds=wait,
        final_wait_seconds=wait,
        timeout_seconds=int(policy.get("MaximumExecutionTimeoutInSeconds", LONGEST_TIMEOUT_SECONDS)),
        rollback_batch=whole_instances(rollback, instances) if rollback else instances,
        alarms=alarms,
    )


def _blue_green(policy: Mapping[str, Any], instances: int, alarms: tuple[str, ...]) -> RolloutPlan:
    routing = policy.get("TrafficRoutingConfiguration", {"Type": "ALL_AT_ONCE"})
    type_: RolloutType = "all_at_once"
    steps: tuple[int, ...] = (instances,)
    if routing["Type"] == "CANARY":
        type_, steps = "canary", (whole_instances(routing["CanarySize"], instances), instances)
    elif routing["Type"] == "LINEAR":
        type_, steps = "linear", _even_steps(whole_instances(routing["LinearStepSize"], instances), instances)
    return RolloutPlan(
        type=type_,
        instances=instances,
        steps=steps,
        wait_seconds=int(routing.get("WaitIntervalInSeconds", 0)),
        final_wait_seconds=int(policy.get("TerminationWaitInSeconds", 0)),
        timeout_seconds=int(policy.get("MaximumExecutionTimeoutInSeconds", LONGEST_TIMEOUT_SECONDS)),
        rollback_batch=instances,
        alarms=alarms,
    )


def _even_steps(batch: int, instances: int) -> tuple[int, ...]:
    return (*range(batch, instances, batch), instances)


def whole_instances(size: Mapping[str, Any], instances: int) -> int:
    """Instances that a CapacitySize means: a percentage is rounded down, to one at least."""
    value = int(size["Value"])
    count = value if size["Type"] == "INSTANCE_COUNT" else value * instances // 100
    return min(max(1, count), instances)


def deployment_config(rollout: Rollout, alarm_names: Sequence[str]) -> dict[str, Any]:
    """The DeploymentConfig of `rollout` as CloudFormation and UpdateEndpoint take it; names may be CDK tokens.

    All at once has no bake between steps, so its users are watched for the longer of the two bakes at the end.
    """
    if rollout.type == "rolling":
        policy = {"RollingUpdatePolicy": _rolling_policy(rollout)}
    else:
        policy = {"BlueGreenUpdatePolicy": _blue_green_policy(rollout)}
    if not alarm_names:
        return policy
    return {**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarm_names]}}


def _rolling_policy(rollout: Rollout) -> dict[str, Any]:
    return {
        "MaximumBatchSize": _percent(rollout.step_percent),
        "WaitIntervalInSeconds": rollout.bake_seconds,
        "MaximumExecutionTimeoutInSeconds": rollout.timeout_seconds,
    }


def _blue_green_policy(rollout: Rollout) -> dict[str, Any]:
    final = rollout.final_bake_seconds
    routing: dict[str, Any] = {"Type": rollout.type.upper(), "WaitIntervalInSeconds": rollout.bake_seconds}
    if rollout.type == "canary":
        routing["CanarySize"] = _percent(rollout.canary_percent)
    elif rollout.type == "linear":
        routing["LinearStepSize"] = _percent(rollout.step_percent)
    else:
        routing["WaitIntervalInSeconds"], final = 0, max(rollout.bake_seconds, final)
    return {
        "TrafficRoutingConfiguration": routing,
        "TerminationWaitInSeconds": final,
        "MaximumExecutionTimeoutInSeconds": rollout.timeout_seconds,
    }


def _percent(value: int) -> dict[str, Any]:
    return {"Type": "CAPACITY_PERCENT", "Value": value}
