"""What an image is on the laptop, and one container of it that is to run."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

ML_ROOT = "/opt/ml"
"""Where SageMaker mounts a job's files in its container."""

_MOUNT_MODE = 0o755


@dataclass(frozen=True)
class Program:
    """An image: its name where Docker runs it; else the folder of its packages, its ENTRYPOINT and its ENV."""

    folder: Path
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    preload: tuple[str, ...] = ()
    """Modules that a warm start imports once for all jobs, in this order; see `backends.warm`."""
    waits_for: Mapping[str, int] = field(default_factory=dict)
    """How many of these a job of that verb waits for; one of any other verb waits for all."""
    has_training_toolkit: bool = False
    """The image contains AWS's sagemaker-training toolkit, which sets SM_MODEL_DIR, SM_CHANNELS and the rest."""
    image: str = ""
    """What Docker calls it; empty when there is no such image."""
    packages: tuple[Path, ...] = ()
    """Folders of more packages, put beside the image's own from outside it."""


@dataclass(frozen=True)
class Container:
    """One process to run. `folder` is the job's own: `ml` in it is /opt/ml, `tmp` and `work` are scratch."""

    program: Program
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    isolated: bool = False
    """EnableNetworkIsolation: no network, and no credentials."""
    instance_type: str = ""
    """Where SageMaker would run it: its memory and processors, for backends that can limit them."""
    read_only: tuple[str, ...] = ()
    """Folders below /opt/ml that it may not write to, for backends that can see to it."""

    @property
    def ml(self) -> Path:
        return self.folder / "ml"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def with_environment(self, variables: Mapping[str, str]) -> "Container":
        return replace(self, environment={**variables, **self.environment})

    def make_folders(self) -> None:
        for name in ("ml", "tmp", "work"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def set_modes(self) -> None:
        """Every folder below /opt/ml has the mode of SageMaker's mounts, whatever this process's umask; root owns them
        where the backend can do that.
        """
        for path, _, _ in os.walk(self.ml):
            os.chmod(path, _MOUNT_MODE)  # noqa: PTH101 -- as os.walk names it

    def _import_roots(self) -> list[str]:
        return list(dict.fromkeys(map(str, (self.program.folder, *(p.parent for p in self.program.packages)))))

    def full_environment(self) -> dict[str, str]:
        """The image's variables and the job's; of this process's only what finds the interpreter and its caches."""
        return {
            "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))),
            "HOME": str(Path.home()),
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(self._import_roots()),
            "PYTHONUNBUFFERED": "1",
            "TMPDIR": str(self.folder / "tmp"),
            **self.program.environment,
            **self.environment,
        }
