"""A launch with an experiment: the better arm gets more and more users, and is promoted."""

import re
from pathlib import Path

import pytest

from tests.launches import PROJECT, launch

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]
SHORT = """
[tuning]
max_jobs = 2
[tuning.ranges]
max_depth = { type = "integer", min = 3, max = 6 }

[gate]
max_loss_to_champion = 0.03

[experiment]
expected = 0.2
effect = 0.13
outcome_seconds = 120
update_minutes = 10
max_days = 1
"""


def test_the_better_challenger_wins_by_its_outcomes_and_one_model_is_left(tmp_path: Path) -> None:
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "experiment.toml").write_text(text + SHORT, encoding="utf-8")
    report = launch(tmp_path / "experiment.toml", fault="errors")
    found = report["experiment"]
    assert (found["outcome"], found["rollout"]["outcome"]) == ("winner's rollout started", "promoted")
    assert found["serves"] == ["primary"]
    champion, challenger = found["arms"]
    assert challenger["low"] > 0
    assert challenger["low"] <= 0.26 <= challenger["high"] + 0.1
    assert found["history"][-1]["weights"][1] > 0.7
    assert found["outcomes"] >= found["planned_size"]
    assert 0 < found["true_regret"] < 0.5 * 0.26 * sum(found["requests_by_variant"].values())
    assert found["failed"] == found["dropped"] == report["users"]["dropped"] == 0
    assert champion["package"] == report["rollouts"][1]["model_package"]
    assert "Experiment" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
