"""Every way a rollout can go, compared with the trace that is kept beside this file.

`python -m tests.rehearsal.endpoints.test_golden_traces` writes them anew, for a reader to assess the difference.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.rehearsal.endpoints.traces import DEPLOYMENTS, START_SECONDS, Story, trace

GOLDEN = Path(__file__).with_name("golden")
BAKES = {"all_at_once": 1, "canary": 2, "linear": 4, "rolling": 4}
"""Bakes of each type; the last one is the final one."""

STORIES: Mapping[str, Mapping[str, Any]] = {
    "success": {},
    **{f"alarm in bake {bake}": {"alarm_at": START_SECONDS + 300.0 * (bake - 1) + 60.0} for bake in range(1, 5)},
    "alarm while it starts": {"alarm_at": 30.0},
    "start failure": {"start_error": "variant primary: the model server ended with status 1"},
    "timeout": {"start_seconds": 1801.0},
    "rollback failure": {"alarm_at": START_SECONDS + 60.0, "old_fleet_dies_at": 100.0},
}


def cases() -> list[tuple[str, str]]:
    return [
        (type_, name)
        for type_ in DEPLOYMENTS
        for name in STORIES
        if not name.startswith("alarm in bake") or int(name[-1]) <= BAKES[type_]
    ]


def golden_file(type_: str, name: str) -> Path:
    return GOLDEN / f"{type_} {name}.txt".replace(" ", "-").replace("_", "-")


def traced(type_: str, name: str) -> str:
    return trace(Story(DEPLOYMENTS[type_], **STORIES[name]))


@pytest.mark.parametrize(("type_", "name"), cases())
def test_a_rollout_goes_as_its_golden_trace(type_: str, name: str) -> None:
    assert traced(type_, name) == golden_file(type_, name).read_text()


def test_no_golden_trace_is_left_over() -> None:
    assert sorted(GOLDEN.iterdir()) == sorted(golden_file(type_, name) for type_, name in cases())


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in cases():
        golden_file(*each).write_text(traced(*each))
