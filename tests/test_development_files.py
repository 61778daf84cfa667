"""What those who work on the project rely on: its workflows, hooks, updates and dev container run what exists."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slipway.cli.command_line import whole_parser

PROJECT = Path(__file__).resolve().parents[1]
WORKFLOWS = sorted((PROJECT / ".github" / "workflows").glob("*.yml"))
BIN = Path(sys.executable).parent


def read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def steps(workflow: Path) -> list[dict[str, Any]]:
    return [step for job in read(workflow)["jobs"].values() for step in job["steps"]]


def targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def folders_with(pattern: str) -> set[str]:
    """The project's folders that have such a file; below one that is hidden or made, only what git has."""
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60)
    found = {Path(name).parent for name in listed.stdout.splitlines() if Path(name).match(pattern)}
    return {"/" if folder == Path() else f"/{folder}" for folder in found}


workflows = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)


@workflows
def test_a_workflow_uses_actions_by_commit_and_keeps_no_credentials(workflow: Path) -> None:
    lines = [line for line in workflow.read_text(encoding="utf-8").splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert [line for line in lines if not re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line)] == []
    checkouts = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert read(workflow)["permissions"] == {"contents": "read"}


@workflows
def test_a_workflow_runs_targets_and_programs_that_exist(workflow: Path) -> None:
    scripts = "\n".join(step["run"] for step in steps(workflow) if "run" in step)
    made = {word for line in re.findall(r"^make (?:-C \S+ )?(.+)$", scripts, re.MULTILINE) for word in line.split()}
    assert made <= targets()
    assert all((PROJECT / name).exists() for name in re.findall(r"^\.ci/\S+", scripts, re.MULTILINE))


@workflows
def test_no_text_of_others_becomes_part_of_a_script(workflow: Path) -> None:
    assert [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")] == []


def called(step: str, folder: Path, program: str, **given: str) -> "subprocess.CompletedProcess[str]":
    """Run a step of the reusable workflow in `folder`, where its checkouts are."""
    job = read(PROJECT / ".github" / "workflows" / "use-case.yml")["jobs"]["launch"]
    (script,) = [found["run"] for found in job["steps"] if found.get("id") == step]
    slipway = folder / "slipway" / ".venv" / "bin" / "slipway"
    slipway.parent.mkdir(parents=True)
    slipway.write_text(f"#!/bin/bash\n{program}\n")
    slipway.chmod(0o755)
    (folder / "use-case").mkdir()
    (folder / "use-case" / "mine.toml").write_bytes((PROJECT / "config" / "shoppers.toml").read_bytes())
    names = {name: value for name, value in given.items() if name in job["env"]}
    env = {"PATH": os.environ["PATH"], "DATA": "", "RATE": "", "STAGE": "dev", "CONFIG": "mine.toml", **names}
    words = ["bash", "-e", "-c", script]
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("rate", ["", "5"])
def test_the_reusable_workflow_lints_the_callers_use_case(rate: str, tmp_path: Path) -> None:
    done = called("lint", tmp_path, f'exec {BIN / "slipway"} "$@"', RATE=rate)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 errors" in done.stdout


@pytest.mark.parametrize("data", ["", "a table.csv"])
def test_the_reusable_workflow_rehearses_it_with_the_callers_table(data: str, tmp_path: Path) -> None:
    done = called("rehearse", tmp_path, r'printf "%s\0" "$@"', DATA=data, STAGE="prod")
    found = whole_parser().parse_args(done.stdout.split("\0")[:-1])
    assert (found.command, found.config, found.stage) == ("rehearse", Path("use-case/mine.toml"), "prod")
    assert found.data == (Path("use-case") / data if data else None)


def test_every_hook_is_a_program_of_the_projects_own_environment() -> None:
    hooks = [hook for repo in read(PROJECT / ".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert {hook["language"] for hook in hooks} == {"system"}
    programs = [Path(shlex.split(hook["entry"])[0]) for hook in hooks]
    assert {str(program.parent) for program in programs} == {".venv/bin"}
    assert [program for program in programs if not (BIN / program.name).exists()] == []


def test_updates_are_proposed_for_every_kind_of_pinned_file() -> None:
    places: dict[str, set[str]] = {}
    for update in read(PROJECT / ".github" / "dependabot.yml")["updates"]:
        places[update["package-ecosystem"]] = set(update.get("directories", [update.get("directory")]))
    assert places == {
        "pip": folders_with("requirements*.txt"),
        "npm": folders_with("package.json"),
        "docker": folders_with("Dockerfile"),
        "github-actions": {"/"},
    }


def test_the_dev_container_is_the_images_base_and_sets_the_project_up() -> None:
    bases = {
        re.findall(r"public\.ecr\.aws\S+@sha256:[0-9a-f]{64}", (PROJECT / name / "Dockerfile").read_text())[0]
        for name in ("pipeline_steps", ".devcontainer")
    }
    assert len(bases) == 1
    container = json.loads((PROJECT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["build"] == {"dockerfile": "Dockerfile"}
    assert "features" not in container
    program, target = container["postCreateCommand"].split()
    assert program == "make"
    assert target in targets()
