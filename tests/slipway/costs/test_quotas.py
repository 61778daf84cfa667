"""What a stage needs of AWS's quotas."""

from pathlib import Path
from typing import Any

import pytest

from slipway.costs.quotas import needs
from slipway.settings import Settings, load_settings
from tests.slipway.settings.test_own_container import QUIET, SERVES, settings

CONFIG = Path(__file__).parents[3] / "config" / "shoppers.toml"
BUILDS = "Concurrently running builds for Linux/Small environment"


def needed(settings: Settings) -> dict[str, int]:
    return {need.quota: need.value for need in needs(settings)}


def changed(stage: str = "dev", **sections: dict[str, Any]) -> Settings:
    dumped = load_settings(CONFIG, stage).model_dump()
    return Settings.model_validate({**dumped, **{name: dumped[name] | more for name, more in sections.items()}})


def test_dev_needs_both_fleets_the_search_beside_the_baseline_and_the_gates_beside_a_run() -> None:
    assert needed(changed()) == {
        "ml.m5.large for endpoint usage": 8,
        "Number of instances across active endpoints": 8,
        "Maximum number of instances per endpoint": 8,
        "ml.m5.xlarge for training job usage": 3,
        "Number of instances across all training jobs": 3,
        "ml.m5.large for processing job usage": 2,
        "Number of instances across all processing jobs": 2,
        BUILDS: 1,
    }


def test_both_fleets_are_as_large_as_autoscaling_makes_them() -> None:
    assert needed(changed("prod"))["ml.m5.xlarge for endpoint usage"] == 24


@pytest.mark.parametrize(
    ("sections", "quota", "value"),
    [
        (
            {"rollout": {"type": "rolling", "step_percent": 25, "canary_analysis": {"enabled": False}}},
            "ml.m5.large for endpoint usage",
            5,
        ),
        ({"rollout": {"shadow": {"enabled": True, "percent": 50}}}, "ml.m5.large for endpoint usage", 10),
        ({"tuning": {"max_parallel_jobs": 7}}, "ml.m5.xlarge for training job usage", 8),
        ({"training": {"spot": True}}, "ml.m5.xlarge for spot training job usage", 3),
        ({"monitoring": {"schedule": "cron(0 * ? * * *)"}}, "ml.m5.large for processing job usage", 3),
    ],
)
def test_what_runs_at_the_same_time_is_added_up(sections: dict[str, Any], quota: str, value: int) -> None:
    assert needed(changed(**sections))[quota] == value


def test_the_documented_table_is_what_the_example_needs() -> None:
    page = (CONFIG.parents[1] / "docs" / "how-to" / "quotas.md").read_text(encoding="utf-8")
    table = page.partition("| quota |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:4]] for line in table.splitlines() if line.startswith("| ")]
    for column, stage in enumerate(("dev", "prod"), start=1):
        reported = {row[0]: int(row[column]) for row in rows if row[column].isdigit()}
        assert reported == needed(changed(stage))


def test_the_servers_of_a_replay_need_quota_where_no_new_fleet_is_larger() -> None:
    alone = settings(endpoint=SERVES | {"instance_count": 1}, rollout=QUIET | {"type": "all_at_once"})
    assert needed(alone)["ml.m5.large for endpoint usage"] == 3
