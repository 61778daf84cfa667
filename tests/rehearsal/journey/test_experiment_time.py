"""How long a rehearsed experiment takes."""

from pathlib import Path

import pytest

from rehearsal.journey.experiment_time import experiment_remark
from rehearsal.journey.options import RehearsalOptions
from slipway.settings import load_settings

SHOPPERS = Path(__file__).parents[3] / "config" / "shoppers.toml"


def remark(tmp_path: Path, lines: str) -> str | None:
    config = tmp_path / "experiment.toml"
    config.write_text(f"{SHOPPERS.read_text(encoding='utf-8')}\n{lines}", encoding="utf-8")
    options = RehearsalOptions(config=config, speed=30, requests_per_second=60)
    return experiment_remark(load_settings(config, "dev"), options)


@pytest.mark.parametrize(
    "lines", ["", "[experiment]\nexpected = 0.2\neffect = 0.13\noutcome_seconds = 120\nmax_days = 1\n"]
)
def test_minutes_and_no_experiment_are_no_remark(tmp_path: Path, lines: str) -> None:
    assert remark(tmp_path, lines) is None


def test_outcomes_that_are_late_make_a_rehearsal_long_and_the_check_says_so(tmp_path: Path) -> None:
    found = remark(tmp_path, "[experiment]\nexpected = 0.2\neffect = 0.1\noutcome_seconds = 86400\n")
    assert found
    assert "takes some 49 minutes here" in found
    assert "86400 s old divided by --speed 30; a stage for rehearsals may have a larger effect" in found
