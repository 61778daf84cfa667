"""The launch of a use case of each further kind of problem; `test_rehearsal.py` has the binary one."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.e2e, pytest.mark.thorough]
ENDS = {"errors": "rolled_back", "slow": "rolled_back", "shift": "refused", "schema": "refused"}


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
    argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--rows", "3000", "--speed", "100"]
    argv += ["--rate", "40", "--fault", fault, "--config", str(small_config(name, tmp_path))]
    ended = subprocess.run(
        [*argv, "--out", str(tmp_path / "out")],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert [rollout["verdict"] for rollout in report["rollouts"]] == ["promoted", "promoted", ENDS[fault]]
    assert report["problem"] == problem
    assert report["primary_metric"]["low"] <= report["primary_metric"]["value"] <= report["primary_metric"]["high"]
    assert set(report["models"]) == {"candidate", "reference", "naive", "champion"}
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert f"for the problem {problem}" in page
    assert page.count("<svg") > 4
