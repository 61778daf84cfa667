"""The entry point."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PATH": os.environ["PATH"], "CDK_VALIDATION": "false", "AWS_EC2_METADATA_DISABLED": "true"}
"""All that is there, so nothing of an account."""


def run(*, out: Path | None = None, project: Path = PROJECT, **context: str) -> "subprocess.CompletedProcess[str]":
    flags = json.loads((PROJECT / "cdk.json").read_text())["context"]
    return subprocess.run(
        [sys.executable, "app.py"],
        cwd=project,
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


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One of its own with the two use cases of `of_two`, the second for dev alone, and a delivery of both."""
    shutil.copy(PROJECT / "app.py", tmp_path)
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    (tmp_path / "one.toml").write_text(text.replace('name = "shoppers"', 'name = "one"', 1))
    only_dev = text[: text.index("[stages.prod")]
    (tmp_path / "two.toml").write_text(only_dev.replace('name = "shoppers"', 'name = "two"', 1))
    stages = "".join(f'[[stages]]\nname = "{name}"\n' for name in ("dev", "prod"))
    (tmp_path / "delivery.toml").write_text(
        f'repository = "acme/models"\nuse_cases = ["two.toml", "one.toml"]\n{stages}'
    )
    return tmp_path


def test_the_dashboard_of_a_delivery_is_byte_for_byte_that_of_its_folder(
    project: Path, of_two: "tuple[subprocess.CompletedProcess[str], Path]"
) -> None:
    ended = run(project=project, out=project / "cdk.out", fleet="delivery.toml", stage="dev")
    assert ended.returncode == 0, ended.stderr
    (template,) = (project / "cdk.out").glob("*.template.json")
    assert template.name == "slipway-fleet-dev.template.json"
    assert template.read_bytes() == (of_two[1] / template.name).read_bytes()


def test_one_use_case_has_no_dashboard_and_that_is_no_error(project: Path) -> None:
    ended = run(project=project, out=project / "cdk.out", fleet="delivery.toml", stage="prod")
    assert ended.returncode == 0, ended.stderr
    assert (project / "cdk.out" / "manifest.json").exists()
    assert list((project / "cdk.out").glob("*.template.json")) == []


def test_a_wrong_stage_is_an_error_of_one_line_with_exit_code_2() -> None:
    ended = run(stage="nowhere", config="config/shoppers.toml")
    assert ended.returncode == 2
    assert "stage must be one of dev, prod, got nowhere" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_of_settings_becomes_one_app(of_two: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    ended, out = of_two
    assert ended.returncode == 0, ended.stderr
    assert len(list(out.glob("*.template.json"))) == 2 * 6 + 1


def test_no_credentials_are_needed(of_two: "tuple[subprocess.CompletedProcess[str], Path]") -> None:
    ended, out = of_two
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in out.glob("*-storage.template.json")} == {
        "one-dev-storage.template.json",
        "two-dev-storage.template.json",
    }
