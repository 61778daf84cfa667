"""`slipway simulate`."""

import json
from pathlib import Path

import pytest

from rehearsal.cli import main
from rehearsal.commands import simulate as simulate_command

SHOPPERS = Path(__file__).parents[3] / "config" / "shoppers.toml"


@pytest.fixture
def simulate(capsys, monkeypatch):
    monkeypatch.setattr(simulate_command, "_ROLLOUTS", 100)  # as many as tell one answer from another

    def call(*argv, config=SHOPPERS):
        code = main(["simulate", "--config", str(config), *argv])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def use_case(tmp_path):
    def write(old, new):
        path = tmp_path / "case.toml"
        text = SHOPPERS.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return path

    return write


def test_the_plan_is_told_with_its_cost_and_its_chances(simulate):
    code, out, _ = simulate("--requests-per-second", "50", "--regression", "2")
    found = json.loads(simulate("--requests-per-second", "50", "--regression", "2", "--json")[1])
    assert code == 0
    assert "420 s of waits" in out
    assert f"{found['canary_requests']:,.0f} expected" in out
    assert found["duration_seconds"] == 420
    assert found["canary_requests"] == pytest.approx(0.25 * 300 * 50)
    assert found["extra_instance_hours"] == pytest.approx(4 * 420 / 3600)
    assert found["healthy"]["rolled_back"] <= 0.01
    assert found["regressed"]["rolled_back"] >= 0.95


def test_the_same_question_gets_the_same_answer(simulate):
    asked = ("--requests-per-second", "8", "--json")
    assert simulate(*asked) == simulate(*asked)


def test_too_little_traffic_is_said_in_words(simulate):
    assert "too little traffic" in simulate("--requests-per-second", "0.5")[1]


def test_all_at_once_leaves_nothing_to_compare(simulate, use_case):
    config = use_case('type = "canary"', 'type = "all_at_once"')
    _, out, _ = simulate("--requests-per-second", "50", config=config)
    assert "there is nothing to compare" in out
    assert "undecided 100.0 %" in out


def test_a_single_instance_leaves_nothing_to_compare(simulate, use_case):
    config = use_case("instance_count = 4", "instance_count = 1")
    assert "there is nothing to compare" in simulate("--requests-per-second", "50", config=config)[1]


@pytest.mark.parametrize(("kind", "hours"), [("linear", 4 * 1020 / 3600), ("rolling", 1 * 1200 / 3600)])
def test_a_plan_of_several_steps_is_watched_in_each(simulate, use_case, kind, hours):
    config = use_case('type = "canary"', f'type = "{kind}"')
    found = json.loads(simulate("--requests-per-second", "20", "--json", config=config)[1])
    assert found["canary_requests"] == pytest.approx((0.25 + 0.5 + 0.75) * 300 * 20)
    assert found["extra_instance_hours"] == pytest.approx(hours)


def test_more_errors_than_answers_are_refused(simulate):
    code, _, err = simulate("--requests-per-second", "5", "--error-percent", "30", "--regression", "80")
    assert code == 2
    assert "must add up to at most 100, got 110" in err


@pytest.mark.parametrize("argv", [["--requests-per-second", "0"], []])
def test_a_traffic_rate_is_needed(argv, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *argv])
    assert ended.value.code == 2
    assert "--requests-per-second" in capsys.readouterr().err
