"""GitHub's workflow: its deploying job, run step by step with programs that only write down how they were called."""

import importlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
WRITES_DOWN = """\
echo "$(basename "$0") $*" >>"$CALLS"
[[ -z "$REFUSED" || "$*" != *"$REFUSED"* ]]"""
DELIVERY = """\
repository = "acme/models"
use_cases = ["config/two.toml", "config/one.toml"]
[[stages]]
name = "dev"
trains = true
[[stages]]
name = "prod"
"""


@dataclass(frozen=True)
class Ended:
    ok: bool
    calls: list[str]


Deliver = Callable[..., Ended]


def jobs() -> dict[str, Any]:
    text = (PROJECT / ".github" / "workflows" / "deliver.yml").read_text()
    return dict(importlib.import_module("yaml").safe_load(text)["jobs"])


def steps() -> list[dict[str, Any]]:
    """The commands of the deploying job, without those that install the project."""
    job = jobs()["deploy"]
    assert job["env"] == {"STAGE": "${{ matrix.stage }}"}
    return [step for step in job["steps"] if "run" in step and step["run"] != "make setup"]


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two use cases, of which `two` has no prod; the job's programs write down how they were called."""
    text = (PROJECT / "config" / "shoppers.toml").read_text()
    for folder in ("config", "scripts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "config" / "one.toml").write_text(text)
    (tmp_path / "config" / "two.toml").write_text(text[: text.index("[stages.prod")])
    (tmp_path / "delivery.toml").write_text(DELIVERY)
    shutil.copy(PROJECT / "scripts" / "use_cases.py", tmp_path / "scripts")
    program(tmp_path / ".venv" / "bin" / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    program(tmp_path / ".venv" / "bin" / "slipway", WRITES_DOWN)
    program(tmp_path / "node_modules" / ".bin" / "cdk", WRITES_DOWN)
    for file in ("calls", "environment", "path"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.fixture
def deliver(project: Path) -> Deliver:
    """Run the job for a stage, until a step fails."""
    calls, environment, path = (project / file for file in ("calls", "environment", "path"))
    files = {"CALLS": str(calls), "GITHUB_ENV": str(environment), "GITHUB_PATH": str(path)}

    def run(stage: str, *, refused: str = "", trains: bool = False) -> Ended:
        given = {"STAGE": stage, "REFUSED": refused, "GITHUB_SHA": "baaed3c", **files}
        for step in steps():
            assert step.get("if") in (None, "matrix.trains")
            if "if" in step and not trains:
                continue
            added = dict(line.split("=", 1) for line in environment.read_text().splitlines())
            found = os.pathsep.join([*path.read_text().splitlines(), os.environ["PATH"]])
            env = {**given, **added, "PATH": found}
            if subprocess.run(["bash", "-e", "-c", step["run"]], cwd=project, env=env, check=False).returncode:
                return Ended(ok=False, calls=calls.read_text().splitlines())
        return Ended(ok=True, calls=calls.read_text().splitlines())

    return run


def test_a_stage_is_its_use_cases_then_their_dashboard_then_a_look_at_each_and_training(deliver: Deliver) -> None:
    ended = deliver("dev", trains=True)
    assert ended.ok
    assert ended.calls == [
        "cdk deploy --all --require-approval never -c config=config/two.toml -c stage=dev",
        "cdk deploy --all --require-approval never -c config=config/one.toml -c stage=dev",
        "cdk deploy --all --ignore-no-stacks --require-approval never -c fleet=delivery.toml -c stage=dev",
        "slipway smoke --config config/two.toml --stage dev --starter",
        "slipway smoke --config config/one.toml --stage dev --starter",
        "slipway train --config config/two.toml --stage dev --starter --if-changed --commit baaed3c",
        "slipway train --config config/one.toml --stage dev --starter --if-changed --commit baaed3c",
    ]


def test_a_use_case_that_has_not_the_stage_is_left_out_of_it(deliver: Deliver) -> None:
    ended = deliver("prod")
    assert ended.ok
    assert ended.calls == [
        "cdk deploy --all --require-approval never -c config=config/one.toml -c stage=prod",
        "cdk deploy --all --ignore-no-stacks --require-approval never -c fleet=delivery.toml -c stage=prod",
        "slipway smoke --config config/one.toml --stage prod --starter",
    ]


@pytest.mark.parametrize(
    ("refused", "last"),
    [
        ("config=config/two.toml", "cdk deploy --all --require-approval never -c config=config/two.toml -c stage=dev"),
        (
            "fleet=delivery.toml",
            "cdk deploy --all --ignore-no-stacks --require-approval never -c fleet=delivery.toml -c stage=dev",
        ),
        ("smoke --config config/two.toml", "slipway smoke --config config/two.toml --stage dev --starter"),
    ],
)
def test_what_fails_is_the_last_thing_that_is_done(deliver: Deliver, refused: str, last: str) -> None:
    ended = deliver("dev", refused=refused)
    assert not ended.ok
    assert ended.calls[-1] == last


def test_a_stage_that_no_use_case_has_fails_before_anything_is_deployed(deliver: Deliver) -> None:
    assert deliver("nowhere") == Ended(ok=False, calls=[])


def matrix_of(project: Path, delivery: str) -> Any:
    """What the first job hands to the second as the entries of its matrix."""
    (project / "delivery.toml").write_text(delivery)
    (step,) = [step for step in jobs()["test"]["steps"] if step.get("id") == "stages"]
    output = project / "output"
    output.touch()
    env = {**os.environ, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=project, env=env, check=True)
    name, value = output.read_text().rstrip("\n").split("=", 1)
    assert jobs()["test"]["outputs"] == {"stages": f"${{{{ steps.stages.outputs.{name} }}}}"}
    return json.loads(value)


def test_the_stages_and_which_of_them_train_are_those_of_the_delivery_in_its_order(project: Path) -> None:
    text = (project / "config" / "one.toml").read_text()
    (project / "config" / "one.toml").write_text(f"{text}\n[stages.canary]\n")
    delivery = DELIVERY.replace('name = "prod"', 'name = "canary"\ntrains = true\n[[stages]]\nname = "prod"')
    assert matrix_of(project, delivery) == [
        {"stage": "dev", "trains": True},
        {"stage": "canary", "trains": True},
        {"stage": "prod", "trains": False},
    ]


def test_one_stage_is_deployed_after_the_other_and_none_after_one_that_failed() -> None:
    deploy = jobs()["deploy"]
    assert deploy["needs"] == "test"
    assert deploy["environment"] == "${{ matrix.stage }}"
    assert deploy["strategy"] == {
        "max-parallel": 1,
        "fail-fast": True,
        "matrix": {"include": "${{ fromJSON(needs.test.outputs.stages) }}"},
    }


def test_a_stage_that_no_use_case_has_fails_before_any_stage_is_deployed(project: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        matrix_of(project, DELIVERY.replace('"prod"', '"nowhere"'))
