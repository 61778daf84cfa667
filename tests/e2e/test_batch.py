"""A launch whose model then scores a batch."""

import re
from pathlib import Path
from typing import Any

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


QUERY = """
[batch.query]
sql = "SELECT * FROM sessions WHERE day = current_date"
database = "shop"
tables = ["sessions"]
locations = ["s3://shop-lake/sessions/"]
"""


def launched(folder: Path, more: str) -> dict[str, Any]:
    text = (PROJECT / "config/shoppers.toml").read_text(encoding="utf-8")
    text = re.sub(r"^\[(tuning|gate).*?(?=^\[(?!tuning|gate))", "", text, flags=re.MULTILINE | re.DOTALL)
    (folder / "batch.toml").write_text(text + SHORT + more, encoding="utf-8")
    return launch(folder / "batch.toml", fault="errors")


def test_the_schedule_runs_the_query_and_its_rows_are_scored_with_columns_in_lower_case(tmp_path: Path) -> None:
    report = launched(tmp_path, QUERY)
    batch, good = report["batch"], report["rollouts"][1]
    assert (batch["outcome"], batch["model_package"]) == ("published", good["model_package"])
    assert (batch["failed"], batch["scored"]) == (0, report["data"]["rows"])
    assert (batch["query"]["started_by"], batch["query"]["sql_was_run"]) == ("schedule", False)
    assert batch["query"]["remark"] == "the SQL was not run: these are all rows of shop.sessions"
    assert report["timings"]["batch"] < 60


def test_the_approved_model_scores_the_table_and_wrong_rows_are_reported(tmp_path: Path) -> None:
    report = launched(tmp_path, "")
    batch, good = report["batch"], report["rollouts"][1]
    assert (batch["outcome"], batch["model_package"]) == ("published", good["model_package"])
    assert (batch["failed"], batch["scored"], batch["rows"]) == (2, report["data"]["rows"], report["data"]["rows"] + 2)
    reasons = {row["row"]: row["reason"] for row in batch["failed_rows"]}
    assert "must be a line of JSON" in reasons[1]
    assert "must have 17 columns, got 0" in reasons[2]
    assert max(batch["drift"].values()) < 0.25
    assert report["timings"]["batch"] < 60
