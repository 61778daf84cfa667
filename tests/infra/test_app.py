"""The entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def run(**context: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={"PATH": os.environ["PATH"], "CDK_CONTEXT_JSON": json.dumps(context)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_wrong_stage_is_told_in_one_line_and_ends_with_2() -> None:
    ended = run(stage="nowhere")
    assert ended.returncode == 2
    assert "stage must be one of dev, prod, got nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_config_is_told_and_ends_with_2() -> None:
    ended = run(config="config/absent.toml")
    assert ended.returncode == 2
    assert "config must be a readable file, got config/absent.toml" in ended.stderr


def test_no_credentials_are_needed(tmp_path: Path) -> None:
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    ended = subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={
            "PATH": os.environ["PATH"],
            "CDK_CONTEXT_JSON": json.dumps(context),
            "CDK_OUTDIR": str(tmp_path),
            "CDK_VALIDATION": "false",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert len(list(tmp_path.glob("*.template.json"))) == 6
