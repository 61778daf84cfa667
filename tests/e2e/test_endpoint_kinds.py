"""A launch on each kind of endpoint, at its default settings."""

import re
from pathlib import Path

import pytest

from tests.launches import PROJECT, ends, launch

DEFAULT = ("--speed", "30", "--rate", "60")
"""As a rehearsal is without these options: the alarms' default periods then have requests enough."""
pytestmark = [pytest.mark.e2e, pytest.mark.thorough]


SHORT = """
[tuning]
max_jobs = 2
[tuning.ranges]
max_depth = {{ type = "integer", min = 3, max = 6 }}

[gate]
max_loss_to_champion = 0.03

[endpoint]
kind = "{kind}"
"""
_OURS = "tuning|gate|endpoint|rollout|stages"
LEFT_OUT = re.compile(rf"^\[({_OURS})\b.*?(?=^\[(?!{_OURS})|\Z)", re.MULTILINE | re.DOTALL)


def settings_of(folder: Path, kind: str) -> Path:
    """The shoppers' table with a short search, and nothing of the endpoint but its kind."""
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    (folder / f"{kind}.toml").write_text(LEFT_OUT.sub("", text) + SHORT.format(kind=kind), encoding="utf-8")
    return folder / f"{kind}.toml"


def test_an_asynchronous_launch_rolls_the_bad_model_back_by_alarms_and_drops_nothing(tmp_path: Path) -> None:
    report = launch(settings_of(tmp_path, "asynchronous"), *DEFAULT, fault="errors")
    assert (report["endpoint_kind"], ends(report)) == ("asynchronous", ["promoted", "promoted", "rolled_back"])
    assert report["rollouts"][2]["by"].endswith("ServerErrors")
    assert (report["users"]["dropped"], report["users"]["not_sent"]) == (0, 0)
    scaling = report["scaling"]
    assert scaling["to_zero_seconds"] >= 13 * 60  # 15 whole minutes, the first of which may have begun before
    assert scaling["from_zero_seconds"] >= 4 * 60
    assert scaling["requests"]["sent"] == scaling["requests"]["answered"] > 0
    to_zero, from_zero = [change["cause"] for change in scaling["changes"]][-2:]
    assert "AlarmLow" in to_zero
    assert "HasBacklogWithoutCapacity" in from_zero


def test_a_serverless_launch_refuses_the_bad_model_by_rows_of_the_test_split(tmp_path: Path) -> None:
    report = launch(settings_of(tmp_path, "serverless"), *DEFAULT, fault="shift")
    assert (report["endpoint_kind"], ends(report)) == ("serverless", ["promoted", "promoted", "refused"])
    assert (report["rollouts"][2]["by"], report["rollouts"][2]["exposed"]) == ("replay", 0)
    assert report["users"]["dropped"] == report["users"]["failed"] == 0
