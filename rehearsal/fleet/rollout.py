"""The loop around the state machine of a rollout: act, wait, watch, advance."""

from typing import Protocol

from blueprint.rollout import Phase, RolloutPlan, RolloutState, advance, wait_seconds

_POLL_SECONDS = 15.0
"""How often alarms are looked at, before compression: a quarter of their shortest usual period."""


class RolloutPorts(Protocol):
    """What the loop acts on."""

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase that has begun; what went wrong, or None."""

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""

    def now(self) -> float:
        """Monotonic seconds."""

    def sleep(self, seconds: float) -> None: ...


def run_rollout(plan: RolloutPlan, ports: RolloutPorts, *, speed: float) -> RolloutState:
    """Follow `plan` to its end; every wait lasts 1/`speed` of its time."""
    deadline = ports.now() + plan.timeout_seconds / speed
    state = RolloutState()
    while not state.ended:
        failure = ports.enter(state)
        state = _leave(state, plan, ports, failure, deadline=deadline, speed=speed)
    ports.enter(state)
    return state


def _leave(
    state: RolloutState, plan: RolloutPlan, ports: RolloutPorts, failure: str | None, *, deadline: float, speed: float
) -> RolloutState:
    """Stay in `state` until it is over, in whichever way."""
    end = ports.now() + wait_seconds(state, plan) / speed
    pause = min(0.5, max(0.02, _POLL_SECONDS / speed))
    while True:
        # The clock before the alarms: what they say at the end of a bake must be no older than the bake.
        baked, late = ports.now() >= end, ports.now() > deadline
        if late and failure is None and state.phase is not Phase.ROLLING_BACK:
            failure = f"the deployment did not end within {plan.timeout_seconds} s"
        alarm = None if state.phase is Phase.ROLLING_BACK else ports.alarm()
        after = advance(state, plan=plan, baked=baked, alarm=alarm, failure=failure)
        if after != state:
            return after
        ports.sleep(max(0.0, min(pause, end - ports.now())))
