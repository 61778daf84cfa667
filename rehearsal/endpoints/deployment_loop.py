"""The loop around the state machine of a blue/green deployment: act, wait, poll the alarms, advance."""

from collections.abc import Sequence
from typing import Protocol

from slipway.rollout.plan import Phase, RolloutPlan, RolloutState, advance, wait_seconds

_POLL_SECONDS = 15.0
"""How often alarms are polled, before compression: a quarter of their shortest usual period."""


class DeploymentPorts(Protocol):
    """What the loop acts on."""

    def intend(self, state: RolloutState) -> None:
        """Record the state that is about to be entered, so that it outlives this process."""

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase that has begun; returns the failure, or None. A second call does nothing."""

    def entered(self) -> RolloutState | None:
        """The state that was entered last, by this controller or an earlier one."""

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""

    def now(self) -> float:
        """Monotonic seconds."""

    def sleep(self, seconds: float) -> None: ...


def run_deployment(
    plan: RolloutPlan, ports: DeploymentPorts, *, speed: float, began: float, intended: Sequence[RolloutState] = ()
) -> RolloutState:
    """Follow `plan` to its end; every wait lasts 1/`speed` of its time.

    Args:
        plan: what is followed.
        ports: what it acts on.
        speed: how much waits are compressed.
        began: when the rollout began; its time is up `plan.timeout_seconds` later.
        intended: what an earlier, interrupted controller had recorded; a bake begins anew.
    """
    deadline = began + plan.timeout_seconds / speed
    state = _resumed(plan, ports, intended, late=ports.now() > deadline) if intended else RolloutState()
    while True:
        ports.intend(state)
        failure = ports.enter(state)
        if state.ended:
            return state
        state = _leave(state, plan, ports, failure, deadline=deadline, speed=speed)


def _resumed(
    plan: RolloutPlan, ports: DeploymentPorts, intended: Sequence[RolloutState], *, late: bool
) -> RolloutState:
    """Where an interrupted rollout continues: at the last intention, unless the fleets changed without a controller."""
    state, entered = intended[-1], ports.entered()
    if entered is not None and entered not in intended:
        if entered.ended or entered.phase is Phase.ROLLING_BACK:
            return entered
        return advance(entered, plan=plan, baked=False, failure="the controller's journal does not fit the fleets")
    if state.phase is Phase.ROLLING_BACK:
        return state
    return advance(state, plan=plan, baked=False, alarm=ports.alarm(), failure=_too_late(plan) if late else None)


def _leave(
    state: RolloutState,
    plan: RolloutPlan,
    ports: DeploymentPorts,
    failure: str | None,
    *,
    deadline: float,
    speed: float,
) -> RolloutState:
    """Stay in `state` until it ends; returns the next state."""
    end = ports.now() + wait_seconds(state, plan) / speed
    pause = min(0.5, max(0.02, _POLL_SECONDS / speed))
    while True:
        # The clock before the alarms: their states at the end of a bake must be no older than the bake.
        baked, late = ports.now() >= end, ports.now() > deadline
        if late and failure is None and state.phase is not Phase.ROLLING_BACK:
            failure = _too_late(plan)
        alarm = None if state.phase is Phase.ROLLING_BACK else ports.alarm()
        after = advance(state, plan=plan, baked=baked, alarm=alarm, failure=failure)
        if after != state:
            return after
        ports.sleep(max(0.0, min(pause, end - ports.now())))


def _too_late(plan: RolloutPlan) -> str:
    return f"the deployment did not end within {plan.timeout_seconds} s"
