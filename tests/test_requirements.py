"""What is declared, what is pinned and what is locked agree."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

PROJECT = Path(__file__).resolve().parents[1]
LOCKS = {
    "requirements.txt": "requirements.lock",
    "requirements-dev.txt": "requirements-dev.lock",
    "requirements-setup.txt": "requirements-setup.lock",
    "requirements-sdk.txt": "requirements-sdk.lock",
    "pipeline_steps/requirements.txt": "pipeline_steps/requirements.lock",
}


def pinned(file: str) -> dict[str, set[Version]]:
    """The versions of each package; more than one where they differ by platform or Python."""
    found: dict[str, set[Version]] = {}
    for name, version in re.findall(
        r"^([\w.-]+)==([\w.]+)", (PROJECT / file).read_text(encoding="utf-8"), re.MULTILINE
    ):
        found.setdefault(canonicalize_name(name), set()).add(Version(version))
    return found


def declared() -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in (*project["dependencies"], *extras)]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_the_project_itself_runs_with_a_version_that_the_package_accepts(requirement: Requirement) -> None:
    versions = (pinned("requirements-dev.lock") | pinned("requirements.lock"))[canonicalize_name(requirement.name)]
    assert all(version in requirement.specifier for version in versions)
    assert {specifier.operator for specifier in requirement.specifier} == {">="}  # a package of others decides the rest


@pytest.mark.parametrize("file", LOCKS)
def test_every_pin_is_in_its_lock_file(file: str) -> None:
    locked, pins = pinned(LOCKS[file]), pinned(file)
    assert pins
    # The image is made for Linux alone.
    elsewhere = {"xgboost"} if file.startswith("pipeline_steps") else set()
    assert {name: locked.get(name) for name in pins.keys() - elsewhere} == {
        name: versions for name, versions in pins.items() if name not in elsewhere
    }


def test_what_is_in_more_than_one_lock_file_is_one_version_of_it_on_the_laptop() -> None:
    main, dev = pinned("requirements.lock"), pinned("requirements-dev.lock")
    assert {name: (main[name], dev[name]) for name in main.keys() & dev.keys() if main[name] != dev[name]} == {}


def test_every_requirements_file_has_a_lock_file() -> None:
    assert {str(path.relative_to(PROJECT)) for path in PROJECT.glob("requirements*.txt")} <= LOCKS.keys()
