"""GitHub's workflow: its deploying job, run step by step with programs that only write down how they were called."""

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.delivery.github_jobs import deploying_jobs
from slipway.errors import InputError
from slipway.settings import load_delivery

PROJECT = Path(__file__).resolve().parents[3]
WORKFLOW = PROJECT / ".github" / "workflows" / "deliver.yml"
WRITES_DOWN = """\
echo "$(basename "$0") $*" >>"$CALLS"
[[ -z "$REFUSED" || "$*" != *"$REFUSED"* ]]"""
BEFORE = ("make setup", "tar -xzf assemblies.tar.gz")
DEV = "[stages.dev.rollout]"
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
    text = WORKFLOW.read_text()
    return dict(importlib.import_module("yaml").safe_load(text)["jobs"])


def steps() -> list[dict[str, Any]]:
    """The commands of the deploying job, without those that install the project and unpack what was synthesized."""
    job = jobs()["deploy"]
    assert job["env"] == {"STAGE": "${{ matrix.stage }}", "USE_CASES": "${{ matrix.use_cases }}"}
    return [step for step in job["steps"] if "run" in step and step["run"] not in BEFORE]


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
    for file in ("calls", "path"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.fixture
def deliver(project: Path) -> Deliver:
    """Run the job of a stage, until a step fails."""
    calls, path = project / "calls", project / "path"
    files = {"CALLS": str(calls), "GITHUB_PATH": str(path)}

    def run(stage: str, *, refused: str = "") -> Ended:
        (job,) = [job for job in matrix_of(project, DELIVERY) if job["stage"] == stage]
        given = {"STAGE": stage, "USE_CASES": job["use_cases"], "REFUSED": refused, "GITHUB_SHA": "baaed3c", **files}
        for step in steps():
            if not job[step.get("if", "matrix.stage").removeprefix("matrix.")]:
                continue
            found = os.pathsep.join([*path.read_text().splitlines(), os.environ["PATH"]])
            env = {**given, "PATH": found}
            if subprocess.run(["bash", "-e", "-c", step["run"]], cwd=project, env=env, check=False).returncode:
                return Ended(ok=False, calls=calls.read_text().splitlines())
        return Ended(ok=True, calls=calls.read_text().splitlines())

    return run


def test_a_stage_deploys_its_use_cases_then_their_dashboard_then_tests_and_trains_each(deliver: Deliver) -> None:
    ended = deliver("dev")
    assert ended.ok
    assert ended.calls == [
        "cdk deploy --app assemblies/dev/config/two.toml --all --require-approval never",
        "cdk deploy --app assemblies/dev/config/one.toml --all --require-approval never",
        "cdk deploy --app assemblies/dev/_fleet --all --require-approval never",
        "slipway smoke --config config/two.toml --stage dev --starter",
        "slipway smoke --config config/one.toml --stage dev --starter",
        "slipway train --config config/two.toml --stage dev --starter --if-changed --commit baaed3c",
        "slipway train --config config/one.toml --stage dev --starter --if-changed --commit baaed3c",
    ]


def test_a_use_case_without_the_stage_is_left_out(deliver: Deliver) -> None:
    ended = deliver("prod")
    assert ended.ok
    assert ended.calls == [
        "cdk deploy --app assemblies/prod/config/one.toml --all --require-approval never",
        "slipway smoke --config config/one.toml --stage prod --starter",
    ]


@pytest.mark.parametrize(
    ("refused", "last"),
    [
        ("/two.toml", "cdk deploy --app assemblies/dev/config/two.toml --all --require-approval never"),
        ("_fleet", "cdk deploy --app assemblies/dev/_fleet --all --require-approval never"),
        ("smoke --config config/two.toml", "slipway smoke --config config/two.toml --stage dev --starter"),
    ],
)
def test_nothing_is_done_after_a_failure(deliver: Deliver, refused: str, last: str) -> None:
    ended = deliver("dev", refused=refused)
    assert not ended.ok
    assert ended.calls[-1] == last


def matrix_of(project: Path, delivery: str) -> Any:
    """What the first job hands to the second as the entries of its matrix."""
    (project / "delivery.toml").write_text(delivery)
    (step,) = [step for step in jobs()["test"]["steps"] if step.get("id") == "jobs"]
    output = project / "output"
    output.write_text("")
    env = {**os.environ, "GITHUB_OUTPUT": str(output)}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=project, env=env, check=True)
    name, value = output.read_text().rstrip("\n").split("=", 1)
    assert jobs()["test"]["outputs"] == {"jobs": f"${{{{ steps.jobs.outputs.{name} }}}}"}
    return json.loads(value)


def test_the_stages_and_which_of_them_train_are_those_of_the_delivery_in_its_order(project: Path) -> None:
    text = (project / "config" / "one.toml").read_text()
    (project / "config" / "one.toml").write_text(f"{text}\n[stages.canary]\n")
    delivery = DELIVERY.replace('name = "prod"', 'name = "canary"\ntrains = true\n[[stages]]\nname = "prod"')
    found = matrix_of(project, delivery)
    assert [(job["stage"], job["trains"]) for job in found] == [("dev", True), ("canary", True), ("prod", False)]


def test_a_session_lasts_as_long_as_the_deployments_of_its_job_may_take(project: Path) -> None:
    """A live endpoint's rollout, which `cdk deploy` waits for, and half an hour for the rest."""
    dev, prod = matrix_of(project, DELIVERY)
    assert dev["seconds"] == 2 * (3600 + 1800)
    assert prod["seconds"] == 4800 + 1800
    (step,) = [s for s in jobs()["deploy"]["steps"] if "configure-aws-credentials" in s.get("uses", "")]
    assert step["with"]["role-duration-seconds"] == "${{ matrix.seconds }}"


def test_use_cases_that_would_outlast_a_job_get_several_and_the_dashboard_comes_last(project: Path) -> None:
    text = (project / "config" / "two.toml").read_text()
    (project / "config" / "two.toml").write_text(text.replace(DEV, f"{DEV}\ntimeout_seconds = 18000"))
    dev = [job for job in matrix_of(project, DELIVERY) if job["stage"] == "dev"]
    assert [(job["use_cases"], job["seconds"], job["fleet"]) for job in dev] == [
        ("config/two.toml", 19800, False),
        ("config/one.toml", 5400, True),
    ]


def test_a_rollout_that_outlasts_a_job_is_refused(project: Path) -> None:
    text = (project / "config" / "two.toml").read_text()
    (project / "config" / "two.toml").write_text(text.replace(DEV, f"{DEV}\ntimeout_seconds = 28800"))
    delivery = load_delivery(project / "delivery.toml")
    with pytest.raises(
        InputError, match=r"config/two\.toml: stage dev: rollout\.timeout_seconds must be at most 19200 .*, got 28800"
    ):
        deploying_jobs(delivery, project=project)


def test_only_the_job_that_deploys_may_request_a_token_and_it_checks_and_synthesizes_nothing() -> None:
    workflow = importlib.import_module("yaml").safe_load(WORKFLOW.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    found = workflow["jobs"]
    assert {name for name, job in found.items() if "id-token" in job.get("permissions", {})} == {"deploy"}
    commands = [step.get("run", "") for step in found["deploy"]["steps"]]
    assert commands.index("make setup") < [s.get("uses", "").split("@")[0] for s in found["deploy"]["steps"]].index(
        "aws-actions/configure-aws-credentials"
    )
    assert not [command for command in commands if re.search(r"cdk synth|make (check|test)|npm install", command)]
    assert any("make check test" in step.get("run", "") for step in found["test"]["steps"])


def test_what_is_deployed_was_synthesized_in_the_first_job(project: Path, deliver: Deliver) -> None:
    (project / "delivery.toml").write_text(DELIVERY)
    (step,) = [step for step in jobs()["test"]["steps"] if step.get("id") == "synth"]
    made = project / "made"
    program(project / "node_modules" / ".bin" / "cdk", 'echo "${*: -1}" >>"$MADE"; mkdir -p "${*: -1}"')
    env = {**os.environ, "MADE": str(made)}
    subprocess.run(["bash", "-e", "-c", step["run"]], cwd=project, env=env, check=True)
    program(project / "node_modules" / ".bin" / "cdk", WRITES_DOWN)
    calls = [*deliver("dev").calls, *deliver("prod").calls]
    deployed = {call.split("--app ")[1].split()[0] for call in calls if "--app" in call}
    assert set(made.read_text().split()) == deployed
    assert (project / "assemblies.tar.gz").is_file()


def test_one_stage_is_deployed_after_the_other_and_none_after_one_that_failed() -> None:
    deploy = jobs()["deploy"]
    assert deploy["needs"] == "test"
    assert deploy["environment"] == "${{ matrix.stage }}"
    assert deploy["strategy"] == {
        "max-parallel": 1,
        "fail-fast": True,
        "matrix": {"include": "${{ fromJSON(needs.test.outputs.jobs) }}"},
    }


def test_a_stage_that_no_use_case_has_fails_before_any_stage_is_deployed(project: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        matrix_of(project, DELIVERY.replace('"prod"', '"nowhere"'))
