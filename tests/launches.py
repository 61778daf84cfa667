"""Whole launches that tests start, as a user does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
TRAFFIC = ("--speed", "60", "--rate", "40")
"""An alarm's period of the canary then has the requests that it needs to decide."""


def launch(config: Path, *more: str, fault: str, rows: int = 3000) -> dict[str, Any]:
    """Rehearse the settings; the launch must end as it should. Gives its report, which lies in `out` beside them."""
    out = config.parent / "out"
    argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--rows", str(rows), *TRAFFIC]
    ended = subprocess.run(
        [*argv, "--fault", fault, "--config", str(config), "--out", str(out), *more],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(config.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def ends(report: dict[str, Any]) -> list[str]:
    """How each rollout ended."""
    return [rollout["verdict"] for rollout in report["rollouts"]]
