"""The loop around the rollout's state machine, on a virtual clock, killed and taken up again."""

import contextlib
import itertools
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehearsal.endpoints.deployment_loop import run_deployment
from slipway.rollout.plan import Phase, RolloutPlan, RolloutState

CANARY = RolloutPlan("canary", 4, (1, 4), 300, 120, 3600, 4, ("errors",))
LINEAR = RolloutPlan("linear", 4, (1, 2, 3, 4), 120, 60, 3600, 4, ("errors",))
ROLLING = RolloutPlan("rolling", 4, (2, 4), 120, 120, 3600, 2, ("errors",))
SPEED = 30.0


class KilledError(BaseException):
    """The process ends here."""


@dataclass
class VirtualPorts:
    """A clock that sleeping advances, an alarm that fires at a time, and a process that dies at some of its calls."""

    alarm_at: float = float("inf")
    kills: set[int] = field(default_factory=set)
    clock: float = 0.0
    entered_phases: list[tuple[float, Phase]] = field(default_factory=list)
    states: list[tuple[float, RolloutState]] = field(default_factory=list)
    intents: list[tuple[float, RolloutState]] = field(default_factory=list)
    calls: int = 0

    @property
    def intended(self) -> list[RolloutState]:
        return [state for _, state in self.intents]

    def _may_die(self) -> None:
        self.calls += 1
        if self.calls in self.kills:
            raise KilledError

    def intend(self, state: RolloutState) -> None:
        self._may_die()
        self.intents.append((self.clock, state))
        self._may_die()

    def enter(self, state: RolloutState) -> None:
        self._may_die()
        if self.entered() != state:
            self.states.append((self.clock, state))
            self.entered_phases.append((self.clock, state.phase))
        self._may_die()

    def entered(self) -> RolloutState | None:
        return self.states[-1][1] if self.states else None

    def alarm(self) -> str | None:
        self._may_die()
        return "errors" if self.clock >= self.alarm_at else None

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self._may_die()
        self.clock += max(seconds, 1e-3)


def run(plan: RolloutPlan, ports: VirtualPorts, *, speed: float = 1) -> RolloutState:
    return run_deployment(plan, ports, speed=speed, began=0.0)


def run_to_the_end(plan: RolloutPlan, ports: VirtualPorts) -> RolloutState:
    """With a new process whenever one was killed; it takes a moment to start."""
    while True:
        try:
            return run_deployment(plan, ports, speed=SPEED, began=0.0, intended=tuple(ports.intended))
        except KilledError:
            ports.clock += 0.1


def test_compression_shortens_the_waits_and_keeps_the_order() -> None:
    slow, fast = VirtualPorts(), VirtualPorts()
    run(CANARY, slow)
    run(CANARY, fast, speed=30)
    assert [phase for _, phase in fast.entered_phases] == [phase for _, phase in slow.entered_phases]
    assert fast.clock == pytest.approx(slow.clock / 30, abs=0.2)


@pytest.mark.parametrize("at", [0.0, 1.0, 299.9, 300.0, 310.0, 419.9])
def test_an_alarm_at_any_moment_rolls_back_within_one_look(at: float) -> None:
    ports = VirtualPorts(alarm_at=at)
    ended = run(CANARY, ports)
    assert (ended.phase, ended.alarm) == (Phase.ROLLED_BACK, "errors")
    rolled_back = next(time for time, phase in ports.entered_phases if phase is Phase.ROLLING_BACK)
    assert rolled_back - at <= 15.1


def _calls_of(plan: RolloutPlan, alarm_at: float) -> int:
    ports = VirtualPorts(alarm_at=alarm_at)
    run(plan, ports, speed=SPEED)
    return ports.calls


@pytest.mark.parametrize("plan", [CANARY, LINEAR, ROLLING], ids=["canary", "linear", "rolling"])
@pytest.mark.parametrize("alarm_at", [float("inf"), 5.0])
def test_a_process_killed_at_any_of_its_calls_is_survived_with_the_same_end(plan: RolloutPlan, alarm_at: float) -> None:
    undisturbed = run(plan, VirtualPorts(alarm_at=alarm_at), speed=SPEED)
    for call in range(1, _calls_of(plan, alarm_at) + 1):
        ports = VirtualPorts(alarm_at=alarm_at, kills={call})
        ended = run_to_the_end(plan, ports)
        assert ended.phase is undisturbed.phase
        assert ports.states[-1][1] == ended


def check_bakes(ports: VirtualPorts, plan: RolloutPlan) -> None:
    """No bake was left for more users, or for the end, before one process had watched the whole of it."""
    for (began, state), (ended, after) in itertools.pairwise(ports.intents):
        if state.phase in (Phase.BAKING, Phase.FINAL_BAKING) and after.phase not in (state.phase, Phase.ROLLING_BACK):
            wait = plan.wait_seconds if state.phase is Phase.BAKING else plan.final_wait_seconds
            assert ended - began >= wait / SPEED - 1e-9


@given(
    st.sampled_from([CANARY, LINEAR, ROLLING]),
    st.sets(st.integers(1, 150), max_size=8),
    st.one_of(st.just(float("inf")), st.floats(0.0, 30.0)),
)
def test_killed_again_and_again_it_promotes_only_after_complete_bakes(
    plan: RolloutPlan, kills: set[int], alarm_at: float
) -> None:
    ports = VirtualPorts(alarm_at=alarm_at, kills=kills)
    ended = run_to_the_end(plan, ports)
    check_bakes(ports, plan)
    assert ended.phase in (Phase.PROMOTED, Phase.ROLLED_BACK)
    if ended.phase is Phase.PROMOTED:
        assert next(at for at, state in ports.states if state.phase is Phase.TERMINATING) <= alarm_at


@given(st.sampled_from([CANARY, LINEAR, ROLLING]), st.integers(1, 150))
def test_an_alarm_while_nobody_watched_comes_before_anything_else(plan: RolloutPlan, kill: int) -> None:
    ports = VirtualPorts(kills={kill})
    with contextlib.suppress(KilledError):
        run(plan, ports, speed=SPEED)
    if not ports.intended or ports.intended[-1].ended:
        return
    share = max((state.green_instances for _, state in ports.states), default=0)
    ports.alarm_at = ports.clock
    assert run_to_the_end(plan, ports).phase is Phase.ROLLED_BACK
    assert max((state.green_instances for _, state in ports.states), default=0) == share


def test_the_time_runs_on_while_nobody_watches() -> None:
    ports = VirtualPorts(kills={20})
    with pytest.raises(KilledError):
        run(CANARY, ports, speed=SPEED)
    ports.clock = 3601.0
    ended = run_to_the_end(CANARY, ports)
    assert (ended.phase, ended.failure) == (Phase.ROLLED_BACK, "the deployment did not end within 3600 s")


def test_fleets_that_went_where_the_journal_does_not_say_are_rolled_back() -> None:
    ports = VirtualPorts()
    foreign = RolloutState(Phase.FINAL_BAKING, 1, 4)
    ports.states.append((0.0, foreign))
    ended = run_deployment(CANARY, ports, speed=1, began=0.0, intended=(RolloutState(),))
    assert (ended.phase, ended.failure) == (Phase.ROLLED_BACK, "the controller's journal does not fit the fleets")


def test_fleets_that_have_ended_already_are_left_as_they_are() -> None:
    ports = VirtualPorts()
    promoted = replace(RolloutState(), phase=Phase.PROMOTED, green_instances=4)
    ports.states.append((0.0, promoted))
    assert run_deployment(CANARY, ports, speed=1, began=0.0, intended=(RolloutState(),)) == promoted
