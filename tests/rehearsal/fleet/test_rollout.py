"""The loop around the rollout's state machine, on a virtual clock."""

from dataclasses import dataclass, field

import pytest

from blueprint.rollout import Phase, RolloutPlan, RolloutState
from rehearsal.fleet.rollout import run_rollout

CANARY = RolloutPlan("canary", 4, (1, 4), 300, 120, 3600, 4, ("errors",))


@dataclass
class VirtualPorts:
    """A clock that sleeping advances, and an alarm that fires at a time."""

    alarm_at: float = float("inf")
    failing: Phase | None = None
    seconds_to_start: float = 0.0
    clock: float = 0.0
    entered: list[tuple[float, Phase]] = field(default_factory=list)

    def enter(self, state: RolloutState) -> str | None:
        self.entered.append((self.clock, state.phase))
        if state.phase is Phase.PROVISIONING:
            self.clock += self.seconds_to_start
        return "the model server ended" if state.phase is self.failing else None

    def alarm(self) -> str | None:
        return "errors" if self.clock >= self.alarm_at else None

    def now(self) -> float:
        return self.clock

    def sleep(self, seconds: float) -> None:
        self.clock += max(seconds, 1e-3)


def test_every_wait_lasts_as_the_config_says() -> None:
    ports = VirtualPorts()
    assert run_rollout(CANARY, ports, speed=1).phase is Phase.PROMOTED
    times = {phase: at for at, phase in ports.entered}
    assert times[Phase.FINAL_BAKING] - times[Phase.BAKING] == pytest.approx(300, abs=1)
    assert times[Phase.PROMOTED] - times[Phase.FINAL_BAKING] == pytest.approx(120, abs=1)


def test_compression_shortens_the_waits_and_keeps_the_order() -> None:
    slow, fast = VirtualPorts(), VirtualPorts()
    run_rollout(CANARY, slow, speed=1)
    run_rollout(CANARY, fast, speed=30)
    assert [phase for _, phase in fast.entered] == [phase for _, phase in slow.entered]
    assert fast.clock == pytest.approx(slow.clock / 30, abs=0.2)


@pytest.mark.parametrize("at", [0.0, 1.0, 299.9, 300.0, 310.0, 419.9])
def test_an_alarm_at_any_moment_rolls_back_within_one_look(at: float) -> None:
    ports = VirtualPorts(alarm_at=at)
    ended = run_rollout(CANARY, ports, speed=1)
    assert (ended.phase, ended.alarm) == (Phase.ROLLED_BACK, "errors")
    rolled_back = next(time for time, phase in ports.entered if phase is Phase.ROLLING_BACK)
    assert rolled_back - at <= 15.1


def test_a_new_fleet_that_does_not_start_is_rolled_back() -> None:
    ports = VirtualPorts(failing=Phase.PROVISIONING)
    ended = run_rollout(CANARY, ports, speed=1)
    assert (ended.phase, ended.failure) == (Phase.ROLLED_BACK, "the model server ended")
    assert [phase for _, phase in ports.entered] == [Phase.PROVISIONING, Phase.ROLLING_BACK, Phase.ROLLED_BACK]


def test_a_rollout_that_takes_too_long_is_rolled_back() -> None:
    ports = VirtualPorts(seconds_to_start=3601)
    assert run_rollout(CANARY, ports, speed=1).failure == "the deployment did not end within 3600 s"
