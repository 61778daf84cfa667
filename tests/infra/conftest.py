"""The app, synthesized once a session from the shipped settings and a small folder of steps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.stages import UseCaseStacks, use_case_stacks
from slipway.settings import Settings, load_settings
from tests.infra.cdk_app import PROJECT, app_at


@pytest.fixture(scope="session")
def settings() -> Settings:
    return load_settings(PROJECT / "config" / "shoppers.toml", "dev")


@pytest.fixture(scope="session")
def steps_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("steps")
    (folder / "Dockerfile").write_text("ARG BASE_IMAGE=registry.example/python:3.11\nFROM ${BASE_IMAGE}\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "step.pyc").write_text("left by a run")
    return folder


@pytest.fixture(scope="session")
def synth(steps_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., tuple[UseCaseStacks, Path]]:
    """Synthesize `settings` with the feature flags of cdk.json; gives the stacks and the cloud assembly.

    Both are for reading only: the same settings give the same ones again, unless they are wanted `anew`.
    """
    made: dict[tuple[str, bool], tuple[UseCaseStacks, Path]] = {}

    def make(settings: Settings, *, validate: bool) -> tuple[UseCaseStacks, Path]:
        outdir = tmp_path_factory.mktemp("cdk.out")
        app = app_at(outdir, validate=validate)
        stacks = use_case_stacks(app, settings, steps_folder=steps_folder)
        app.synth()
        return stacks, outdir

    def run(settings: Settings, *, validate: bool = False, anew: bool = False) -> tuple[UseCaseStacks, Path]:
        key = settings.model_dump_json(), validate
        if anew or key not in made:
            made[key] = make(settings, validate=validate)
        return made[key]

    return run


@pytest.fixture
def unfinished(steps_folder: Path, settings: Settings, tmp_path: Path) -> UseCaseStacks:
    """The stacks before they are synthesized, so that a test may add to them."""
    return use_case_stacks(app_at(tmp_path), settings, steps_folder=steps_folder)


@pytest.fixture(scope="session")
def stacks(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> UseCaseStacks:
    return synth(settings)[0]


@pytest.fixture(scope="session")
def templates(synth: Callable[..., tuple[UseCaseStacks, Path]], settings: Settings) -> dict[str, dict[str, Any]]:
    """Each stack's template by kind, as plain data."""
    stacks, assembly = synth(settings)
    return {kind: json.loads((assembly / stack.template_file).read_text()) for kind, stack in vars(stacks).items()}


@pytest.fixture(scope="session")
def resources(templates: dict[str, dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """The resources of a type in one stack or in all, whatever their ids."""

    def of(type_: str, kind: str | None = None) -> list[dict[str, Any]]:
        chosen = [templates[kind]] if kind else list(templates.values())
        return [r for template in chosen for r in template["Resources"].values() if r["Type"] == type_]

    return of
