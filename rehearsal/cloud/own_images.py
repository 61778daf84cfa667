"""Images of the user's own on the laptop: a command that stands for each, or what Docker has under its name."""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

from rehearsal.containers.container import Program

_REHEARSAL = Path(__file__).resolve().parents[1]


def read_own_images(path: Path) -> dict[str, str]:
    """Entry points by image URI, as a shell would have them."""
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def own_programs(entry_points: Mapping[str, str], folder: Path, *, in_docker: bool) -> dict[str, Program]:
    """The program of each image; `folder` is an empty one that stands for its file system where it is a command."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        uri: Program(folder, () if in_docker else tuple(shlex.split(words)), image=uri)
        for uri, words in entry_points.items()
    }


def faulty_own_program(program: Program, entry_point: str, fault: str) -> Program:
    """The server behind a proxy with the fault; in Docker the image must have Python for that."""
    entrypoint = ("python", "-m", "rehearsal.endpoints.fault_injection", "--fault", fault, "--command", entry_point)
    return Program(program.folder, entrypoint, image=program.image, packages=(_REHEARSAL,))
