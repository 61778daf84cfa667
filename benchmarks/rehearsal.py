"""The main job on a table, several times: outcome, quality, and where the time goes.

Usage: python benchmarks/rehearsal.py [--data FILE] [--runs 2] [--json FILE]

No public system runs this job, so there is no peer to time; the figures are this machine's.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]


def rehearse(data: Path | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as out:
        argv = [sys.executable, "-m", "slipway.cli", "rehearse", "--plain", "--out", out]
        argv += ["--data", str(data.resolve())] if data else []
        code = subprocess.run(argv, cwd=PROJECT, check=False).returncode
        report = Path(out) / "report.json"
        found: dict[str, Any] = json.loads(report.read_text()) if report.exists() else {"failure": True}
        if found["failure"]:  # a stage failed, and has printed why
            sys.exit(code or 1)
    return {"exit": code, **found}


def print_run(run: dict[str, Any]) -> None:
    metrics = run["metrics"]
    print(f"exit {run['exit']}, {run['seconds']:.1f} s, AUC {metrics['auc']:.4f}, accuracy {metrics['accuracy']:.4f}")
    for rollout in run["rollouts"]:
        print(f"  {rollout['type']:8} {rollout['verdict']:12} dropped {rollout['dropped']} by {rollout['by']}")
    for stage, seconds in sorted(run["timings"].items(), key=lambda item: -item[1]):
        print(f"  {stage:24} {seconds:6.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a CSV table (default: the generated one)")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the rows here")
    arguments = parser.parse_args()
    runs = [rehearse(arguments.data) for _ in range(arguments.runs)]
    for run in runs:
        print_run(run)
    if arguments.json:
        arguments.json.write_text(json.dumps(runs, indent=2) + "\n")


if __name__ == "__main__":
    main()
