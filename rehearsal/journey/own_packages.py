"""Whether a training script's packages are there: without Docker, jobs run on this environment's packages."""

import shlex
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from rehearsal.journey.options import STEPS
from slipway.errors import InputError
from slipway.settings import Training


def require_packages(training: Training) -> None:
    """Refuse to begin without one of the script's packages. None is installed unasked.

    Raises:
        InputError: the first that is absent or has another version, with the command that installs them all.
    """
    if training.requirements is None:
        return
    path = Path(training.requirements)
    for requirement in _requirements(path):
        if (found := _installed(requirement.name)) is None or not requirement.specifier.contains(
            found, prereleases=True
        ):
            python = Path(sys.executable)
            install = [
                *(str(python.with_name("uv")), "pip", "install", "--python", str(python)),
                *("--constraint", str(STEPS / "requirements.txt"), "--requirement", str(path)),
            ]
            raise InputError(
                f"{path}: {requirement} must be installed where the jobs run, got {found or 'none'}: run "
                f"`{shlex.join(install)}`, or rehearse with --backend docker, whose image has it"
            )


def _requirements(path: Path) -> Iterator[Requirement]:
    """Those that apply on this machine; options for pip, such as another index, are none."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.partition(" #")[0].partition(" --hash")[0].rstrip(" \\").strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement as exc:
            raise InputError(f"{path}: line {number} must be a requirement such as torch==2.13.0, got {text}") from exc
        if requirement.marker is None or requirement.marker.evaluate():
            yield requirement


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
