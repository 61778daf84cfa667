"""The whole launch on a small generated table, as a user starts it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.launches import PROJECT, TRAFFIC

pytestmark = pytest.mark.e2e


SMALLER = {
    "max_jobs = 12": "max_jobs = 2",
    'num_round = "600"': 'num_round = "60"',
    # A tenth of a small table is too few rows to distinguish a gap from noise.
    "validation_percent = 10": "validation_percent = 20",
    "max_train_validation_gap = 0.08": "max_train_validation_gap = 0.15",
}


def small_config(folder: Path) -> Path:
    """The headline use case with a short search on a small table."""
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    for old, new in SMALLER.items():
        assert old in text
        text = text.replace(old, new)
    config = folder / "small.toml"
    config.write_text(text)
    return config


def command(folder: Path, *more: str, rows: int = 2000) -> tuple[list[str], Mapping[str, str]]:
    argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--rows", str(rows), *TRAFFIC]
    argv += ["--config", str(small_config(folder)), "--out", str(folder / "out"), *more]
    temporary = folder / "tmp"
    temporary.mkdir()
    return argv, {**os.environ, "TMPDIR": str(temporary)}


def processes_of(folder: Path) -> list[str]:
    """Command lines of live processes that were started for a run in `folder`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in line:
            found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


def started(folder: Path, *, until: str, running: str, **environment: str) -> subprocess.Popen[str]:
    """A rehearsal that has printed `until`, with a process whose command line has `running`."""
    argv, env = command(folder)
    child = subprocess.Popen(
        argv, cwd=PROJECT, env={**env, **environment}, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stderr is not None
    assert any(until in line for line in child.stderr)
    while not any(running in process for process in processes_of(folder)):
        assert child.poll() is None
        time.sleep(0.02)
    return child


OF_A_COMPANY = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "intranet.example.com",
    "AWS_PROFILE": "absent",
}
"""What a laptop may have set; no process listens on the proxy's port."""


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("launch")
    argv, env = command(folder, rows=3000)
    ended = subprocess.run(
        argv, cwd=PROJECT, env={**env, **OF_A_COMPANY}, capture_output=True, text=True, check=False, timeout=300
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads((folder / "out" / "report.json").read_text())
    return {"folder": folder, "report": report, "stderr": ended.stderr, "stdout": ended.stdout}


def test_the_first_and_the_better_model_are_promoted_and_the_bad_one_is_rolled_back(launch: dict[str, Any]) -> None:
    rollouts = launch["report"]["rollouts"]
    assert [(r["type"], r["verdict"]) for r in rollouts] == [
        ("first", "promoted"),
        ("canary", "promoted"),
        ("canary", "rolled_back"),
    ]


def test_an_alarm_of_the_new_fleet_stopped_the_bad_model(launch: dict[str, Any]) -> None:
    good, bad = launch["report"]["rollouts"][1:]
    assert good["by"] is None
    assert bad["by"]
    assert bad["fault"] == "errors"


def test_every_user_request_was_answered_and_only_the_bad_model_failed_any(launch: dict[str, Any]) -> None:
    rollouts = launch["report"]["rollouts"]
    assert all(rollout["requests"] > 0 for rollout in rollouts)
    assert [rollout["dropped"] for rollout in rollouts] == [0, 0, 0]
    assert [rollout["failed"] for rollout in rollouts[:2]] == [0, 0]
    bad, users = rollouts[2], launch["report"]["users"]
    assert 0 < bad["failed"] == bad["failed_by_new_fleet"] < bad["exposed"]
    assert (users["met_bad_model"], users["failed_by_bad_model"]) == (bad["exposed"], bad["failed"])


def test_the_canary_served_some_users_and_not_all(launch: dict[str, Any]) -> None:
    bad = launch["report"]["rollouts"][2]
    assert 0 < bad["exposed"] < bad["requests"]


def test_the_second_model_was_compared_with_the_first_on_the_same_rows(launch: dict[str, Any]) -> None:
    metrics = launch["report"]["metrics"]
    assert metrics["champion"]["auc"] > 0.5
    assert metrics["auc"] > metrics["baseline"]["auc"] - 0.02


def test_every_step_of_both_runs_succeeded(launch: dict[str, Any]) -> None:
    steps = launch["report"]["pipeline"]
    assert {step["step"] for step in steps} == {"Prepare", "Reference", "Tune", "Evaluate", "Gate", "Register"}
    assert {step["status"] for step in steps} == {"Succeeded"}
    assert len(steps) == 12


def test_every_stack_was_deployed_from_templates_with_their_hashes(launch: dict[str, Any]) -> None:
    names = {"storage", "image", "training", "endpoint", "rollout", "monitoring"}
    assert set(launch["report"]["templates"]) == {f"shoppers-dev-{name}.template.json" for name in names}


def test_every_key_of_the_report_is_documented(launch: dict[str, Any]) -> None:
    page, report = (PROJECT / "docs" / "reference" / "report.md").read_text(), launch["report"]
    documented = {word for text in re.findall(r"`([^`]+)`", page) for word in re.findall(r"\w+", text)}
    parts = (report, report["data"], report["pipeline"][0], report["metrics"], report["rollouts"][0], report["users"])
    assert {key for part in parts for key in part} - documented == set()


def test_no_process_and_no_file_is_left_behind(launch: dict[str, Any]) -> None:
    assert processes_of(launch["folder"]) == []
    assert list((launch["folder"] / "tmp").iterdir()) == []


def test_one_interrupt_ends_a_run_whose_bootstrap_never_ends_and_leaves_a_report_and_nothing_else(
    tmp_path: Path,
) -> None:
    hangs = tmp_path / "hangs.js"
    hangs.write_text(
        'if (process.argv.includes("bootstrap")) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
    )
    until = "synth and bootstrap: the embedded AWS answers"
    child = started(tmp_path, until=until, running="cdk bootstrap", NODE_OPTIONS=f"--require {hangs}")
    try:
        child.send_signal(signal.SIGINT)
        _, output = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, output
    assert "interrupted" in output
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert (report["outcome"], report["failure"]["stage"]) == ("interrupted", "synth and bootstrap")
    assert (tmp_path / "out" / "report.html").exists()
    assert list((tmp_path / "tmp").iterdir()) == []
    assert processes_of(tmp_path) == []


def test_a_killed_rehearsal_takes_its_processes_with_it(tmp_path: Path) -> None:
    child = started(tmp_path, until="synth and bootstrap: the embedded AWS answers", running="cdk synth")
    assert any("rehearsal.cloud" in process for process in processes_of(tmp_path))
    child.kill()
    child.communicate()
    deadline = time.monotonic() + 20
    while processes_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert processes_of(tmp_path) == []
