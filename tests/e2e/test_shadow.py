"""A launch in which every candidate is a shadow first."""

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

[stages.dev.rollout.shadow]
enabled = true
max_seconds = 1800
"""


def test_the_good_model_is_proven_as_a_shadow_and_the_bad_one_meets_no_user(tmp_path: Path) -> None:
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "shadow.toml").write_text(text + SHORT, encoding="utf-8")
    report = launch(tmp_path / "shadow.toml", fault="errors")
    first, good, bad = report["rollouts"]
    assert [each["verdict"] for each in (first, good, bad)] == ["promoted", "promoted", "refused"]
    assert first["shadow"] is None
    assert (good["shadow"]["decision"], bad["shadow"]["decision"]) == ("promote", "roll_back")
    assert (bad["by"], bad["exposed"], bad["failed"]) == ("shadow", 0, 0)
    assert report["users"]["dropped"] == report["users"]["failed"] == 0
