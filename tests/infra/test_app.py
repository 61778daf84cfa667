"""The entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.infra.cdk_app import PROJECT

ENVIRONMENT = {"PATH": os.environ["PATH"], "CDK_VALIDATION": "false", "AWS_EC2_METADATA_DISABLED": "true"}
"""All that is there, so nothing of an account."""


def run(*, out: Path | None = None, **context: str) -> "subprocess.CompletedProcess[str]":
    flags = json.loads((PROJECT / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=PROJECT,
        env={
            **ENVIRONMENT,
            "CDK_CONTEXT_JSON": json.dumps({**flags, **context}),
            **({"CDK_OUTDIR": str(out)} if out else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_folder_of_settings_becomes_one_app_and_no_credentials_are_needed(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text((PROJECT / "config" / "shoppers.toml").read_text())
    ended = run(config=str(tmp_path), out=tmp_path / "cdk.out")
    assert ended.returncode == 0, ended.stderr
    kinds = ("storage", "image", "training", "endpoint", "rollout", "monitoring")
    assert {path.name for path in (tmp_path / "cdk.out").glob("*.template.json")} == {
        f"shoppers-dev-{kind}.template.json" for kind in kinds
    }


def test_a_wrong_stage_is_an_error_of_one_line_with_exit_code_2() -> None:
    ended = run(stage="nowhere", config="config/shoppers.toml")
    assert ended.returncode == 2
    assert "stage must be one of dev, prod, got nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr
