"""A launch whose model then scores a batch."""

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

[batch]
schedule = "cron(0 6 * * ? *)"
"""


def test_the_approved_model_scores_the_table_and_wrong_rows_are_reported(tmp_path: Path) -> None:
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "batch.toml").write_text(text + SHORT, encoding="utf-8")
    report = launch(tmp_path / "batch.toml", fault="errors")
    batch, good = report["batch"], report["rollouts"][1]
    assert (batch["outcome"], batch["model_package"]) == ("published", good["model_package"])
    assert (batch["failed"], batch["scored"], batch["rows"]) == (2, report["data"]["rows"], report["data"]["rows"] + 2)
    reasons = {row["row"]: row["reason"] for row in batch["failed_rows"]}
    assert "must be a line of JSON" in reasons[1]
    assert "must have 17 columns, got 0" in reasons[2]
    assert max(batch["drift"].values()) < 0.25
    assert report["timings"]["batch"] < 60
