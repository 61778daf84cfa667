"""The entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
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


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> "tuple[subprocess.CompletedProcess[str], Path]":
    """A folder of two use cases, synthesized, and where to."""
    folder = tmp_path_factory.mktemp("config")
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(text.replace('name = "shoppers"', f'name = "{name}"', 1))
    out = folder / "cdk.out"
    return run(config=str(folder), out=out), out


def test_a_wrong_stage_is_told_in_one_line_and_ends_with_2() -> None:
    ended = run(stage="nowhere", config="config/shoppers.toml")
    assert ended.returncode == 2
    assert "stage must be one of dev, prod, got nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_stage_that_no_use_case_has_is_told_and_ends_with_2() -> None:
    ended = run(stage="nowhere")
    assert ended.returncode == 2
    assert f"config must hold a use case with the stage nowhere, got {PROJECT / 'config'}" in ended.stderr


def test_a_folder_of_settings_becomes_one_app(of_two: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    ended, out = of_two
    assert ended.returncode == 0, ended.stderr
    assert len(list(out.glob("*.template.json"))) == 2 * 6 + 1


def test_two_use_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(text)
    ended = run(config=str(tmp_path))
    assert ended.returncode == 2
    assert "two.toml: name must differ from that of" in ended.stderr


def test_a_missing_config_is_told_and_ends_with_2() -> None:
    ended = run(config="config/absent.toml")
    assert ended.returncode == 2
    assert "config must be a readable file, got config/absent.toml" in ended.stderr


def test_no_credentials_are_needed(of_two: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    ended, out = of_two
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in out.glob("*-storage.template.json")} == {
        "one-dev-storage.template.json",
        "two-dev-storage.template.json",
    }
