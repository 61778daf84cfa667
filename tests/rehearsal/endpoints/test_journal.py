"""What a rollout's controller keeps on disk."""

import json
import os
from pathlib import Path

import pytest

from rehearsal.endpoints.journal import JournalError, begin, read
from slipway.rollout.plan import Phase, RolloutPlan, RolloutState

PLAN = RolloutPlan("canary", 4, (1, 4), 300, 120, 3600, 4, ("errors", "latency"))
STATES = [
    RolloutState(),
    RolloutState(Phase.SHIFTING, 0, 1),
    RolloutState(Phase.ROLLING_BACK, 0, 0, alarm="errors"),
    RolloutState(Phase.ROLLBACK_FAILED, 0, 0, alarm="errors", rollback_failure="it does not answer"),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return begin(tmp_path, "shop", PLAN, speed=30.0)


def test_a_new_journal_holds_the_order_and_no_state(path: Path) -> None:
    journal = read(path)
    assert (journal.plan, journal.speed, journal.states) == (PLAN, 30.0, [])


def test_what_was_intended_is_read_again(path: Path) -> None:
    journal = read(path)
    for state in STATES:
        journal.intend(state)
    assert read(path).states == STATES == journal.states
    assert read(path).began == journal.began


def test_a_controller_signs_with_its_process_id(path: Path) -> None:
    read(path).sign()
    assert json.loads(path.read_text().splitlines()[-1])["controller"] == os.getpid()
    assert read(path).states == []


def test_every_rollout_has_a_journal_of_its_own(path: Path) -> None:
    second = begin(path.parent, "shop", PLAN, speed=1.0)
    assert second != path
    assert read(path).speed == 30.0


@pytest.mark.parametrize("lost", range(1, 60, 7))
def test_a_line_that_was_not_finished_was_never_intended(path: Path, lost: int) -> None:
    journal = read(path)
    for state in STATES[:2]:
        journal.intend(state)
    os.truncate(path, path.stat().st_size - lost)
    again = read(path)
    assert again.states == STATES[:1]
    again.intend(STATES[2])
    assert read(path).states == [STATES[0], STATES[2]]


@pytest.mark.parametrize("content", ["", "{", '{"speed": 1}\n', "no JSON\n", '{"plan": 5, "speed": 1, "began": 0}\n'])
def test_a_file_without_an_order_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(content)
    with pytest.raises(JournalError, match="must be a rollout's journal"):
        read(path)


def test_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        read(tmp_path / "none.jsonl")


def test_a_line_that_no_controller_wrote_is_refused(path: Path) -> None:
    with path.open("a") as file:
        file.write('{"state": {"phase": "Sleeping"}}\n')
    with pytest.raises(JournalError, match="Sleeping"):
        read(path)
