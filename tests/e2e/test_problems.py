"""The launch of a use case of each further kind of problem; `test_rehearsal.py` has the binary one."""

import re
from pathlib import Path

import pytest

from tests.launches import PROJECT, ends, launch

pytestmark = [pytest.mark.e2e, pytest.mark.thorough]
BAD = {"errors": "rolled_back", "slow": "rolled_back", "shift": "refused", "schema": "refused"}


def small_config(name: str, folder: Path) -> Path:
    """The use case with a search of two jobs an algorithm."""
    text = (PROJECT / "config" / f"{name}.toml").read_text(encoding="utf-8")
    text = re.sub(r"^max_jobs.*\n", "", text, flags=re.MULTILINE)
    search = "[tuning]\nmax_jobs = 4\n"
    text = text.replace("[tuning]\n", search) if "[tuning]\n" in text else f"{text}\n{search}"
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / f"{name}.toml"


@pytest.mark.parametrize(
    ("name", "problem", "fault"),
    [
        ("deliveries", "regression", "shift"),
        ("tickets", "multiclass", "shift"),
        ("pumps", "anomaly", "shift"),
        ("customers", "clustering", "shift"),
        ("tickets", "multiclass", "schema"),
        ("pumps", "anomaly", "errors"),
    ],
)
def test_two_models_go_live_and_the_bad_one_does_not(name: str, problem: str, fault: str, tmp_path: Path) -> None:
    report = launch(small_config(name, tmp_path), fault=fault)
    assert ends(report) == ["promoted", "promoted", BAD[fault]]
    assert report["problem"] == problem
    assert report["primary_metric"]["low"] <= report["primary_metric"]["value"] <= report["primary_metric"]["high"]
    assert set(report["models"]) == {"candidate", "reference", "naive", "champion"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"for the problem {problem}" in page
    assert page.count("<svg") > 4
