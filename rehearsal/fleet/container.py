"""The container of a model, as a command for this machine."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Program(Protocol):
    """An image without Docker: the folder that holds its packages, its ENTRYPOINT and its ENV."""

    @property
    def folder(self) -> Path: ...

    @property
    def entrypoint(self) -> tuple[str, ...]: ...

    @property
    def environment(self) -> Mapping[str, str]: ...


class Command(Protocol):
    """What to execute, and with which variables."""

    @property
    def argv(self) -> tuple[str, ...]: ...

    @property
    def environment(self) -> Mapping[str, str]: ...


class Backend(Protocol):
    """Gives a container its /opt/ml; the job backends do."""

    def command(self, container: Any) -> Command: ...


@dataclass(frozen=True)
class ModelContainer:
    """One container that serves. `folder` is its own: `ml` in it is /opt/ml, `tmp` and `work` are scratch."""

    program: Program
    environment: Mapping[str, str]
    folder: Path

    @property
    def argv(self) -> tuple[str, ...]:
        """SageMaker runs an image that serves as `docker run <image> serve`."""
        return (*self.program.entrypoint, "serve")

    @property
    def ml(self) -> Path:
        return self.folder / "ml"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def make_folders(self) -> None:
        for name in ("ml/model", "tmp", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def full_environment(self) -> dict[str, str]:
        """The model's variables on top of the image's; of our own only what finds the interpreter and its caches."""
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
            "HOME": str(Path.home()),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(self.program.folder),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.folder / "tmp"),
            **self.program.environment,
            **self.environment,
        }
