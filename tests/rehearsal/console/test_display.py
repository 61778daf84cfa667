import io

import pytest
from rich.console import Console

from rehearsal.console.display import PlainDisplay, RichDisplay, choose_display


def test_what_is_no_terminal_gets_plain_lines() -> None:
    stream = io.StringIO()
    with choose_display(stream) as display, display.phase("deploy") as phase:
        phase.show("never in a log")
        phase.log("5 stacks")
    lines = stream.getvalue().splitlines()
    assert [line.split("] ")[1].split(" in ")[0] for line in lines] == ["deploy …", "deploy: 5 stacks", "deploy: done"]


def test_long_work_has_its_details_in_plain_lines_as_they_change() -> None:
    stream = io.StringIO()
    with PlainDisplay(stream, silence_seconds=0) as display, display.phase("train") as phase:
        for detail in ("Tune: 1 of 3", "Tune: 1 of 3", "Tune: 2 of 3"):
            phase.show(detail)
    assert [line.count("Tune") for line in stream.getvalue().splitlines()] == [0, 1, 1, 0]


def test_a_phase_that_fails_is_reported_as_stopped() -> None:
    stream = io.StringIO()
    with pytest.raises(RuntimeError), PlainDisplay(stream) as display, display.phase("deploy"):
        raise RuntimeError
    assert "deploy: stopped" in stream.getvalue()


def test_a_terminal_shows_each_stage_with_its_outcome() -> None:
    stream = io.StringIO()
    with RichDisplay(Console(file=stream, force_terminal=True, width=100)) as display:
        with display.phase("deploy") as phase:
            phase.log("5 stacks")
        with pytest.raises(RuntimeError), display.phase("train"):
            raise RuntimeError
    shown = stream.getvalue()
    assert "5 stacks" in shown
    assert "✓" in shown
    assert "✗" in shown
