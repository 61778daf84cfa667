"""The controller's process: what it asks for, killed before it was done, and taken up again."""

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import pytest

from rehearsal.endpoints.journal import begin, read
from slipway.rollout.plan import Phase, RolloutPlan, RolloutState

PROJECT = Path(__file__).parents[3]
PLAN = RolloutPlan("canary", 4, (1, 4), 60, 60, 28800, 4, ("errors",))
SPEED = 1000.0
WAY = [
    RolloutState(),
    RolloutState(Phase.SHIFTING, 0, 1),
    RolloutState(Phase.BAKING, 0, 1),
    RolloutState(Phase.SHIFTING, 1, 4),
    RolloutState(Phase.FINAL_BAKING, 1, 4),
    RolloutState(Phase.TERMINATING, 1, 4),
    RolloutState(Phase.PROMOTED, 1, 4),
]


class Controller:
    """The real process, with the test at the other end of its pipes."""

    def __init__(self, journal: Path) -> None:
        argv = [sys.executable, "-m", "rehearsal.endpoints.controller", str(journal)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(argv, cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                if stream is not None:
                    stream.close()

    def asked(self) -> dict[str, Any] | None:
        """Its next question; None when it has ended."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def answer(self, **fields: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(fields) + "\n")
        self.process.stdin.flush()


def serve(controller: Controller, entered: list[RolloutState], *, until: RolloutState | None = None) -> None:
    """Do what it asks for and keep it in `entered`; stop at the wish to enter `until`, which is not done."""
    while asked := controller.asked():
        if "enter" not in asked:
            controller.answer(alarm=None, entered=asdict(entered[-1]) if entered else None)
            continue
        state = RolloutState(**{**asked["enter"], "phase": Phase(asked["enter"]["phase"])})
        if state == until:
            return
        if entered[-1:] != [state]:
            entered.append(state)
        controller.answer(failure=None)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return begin(tmp_path, "shop", PLAN, speed=SPEED)


def test_it_follows_the_plan_and_ends(journal: Path) -> None:
    entered: list[RolloutState] = []
    with Controller(journal) as controller:
        serve(controller, entered)
        assert controller.process.wait(60) == 0
    assert entered == WAY
    assert read(journal).states == WAY


@pytest.mark.parametrize("state", WAY, ids=lambda state: f"{state.phase}-{state.step}")
def test_killed_between_intention_and_deed_the_next_one_does_the_deed(journal: Path, state: RolloutState) -> None:
    entered: list[RolloutState] = []
    with Controller(journal) as controller:
        serve(controller, entered, until=state)
        assert read(journal).states[-1] == state
    assert state not in entered
    with Controller(journal) as controller:
        serve(controller, entered)
    assert entered == WAY


def test_it_ends_when_nobody_answers_any_more(journal: Path) -> None:
    with Controller(journal) as controller:
        controller.asked()
        assert controller.process.stdin is not None
        controller.process.stdin.close()
        assert controller.process.wait(60) == 0


def test_a_file_that_is_no_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.jsonl"
    path.write_text("no journal\n")
    with Controller(path) as controller:
        assert controller.process.wait(60) == 1
        assert controller.process.stderr is not None
        assert "must be a rollout's journal" in controller.process.stderr.read()
