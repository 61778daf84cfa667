"""Linux: a mount namespace in which the job's folder *is* /opt/ml; no root and no Docker needed."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers.backends.backend import JobProcess, Mount, ProcessCommand, SpawnedProcess
from rehearsal.containers.container import ML_ROOT, Container
from rehearsal.process import spawn

# An existing /opt/ml is mounted over. Otherwise /opt becomes a tmpfs, and its earlier content is linked into it.
_SCRIPT = """\
ml=$1; old=$2; shift 2
if [ ! -d /opt/ml ]; then
  mount --rbind /opt "$old"
  mount -t tmpfs -o mode=755 slipway /opt
  mkdir /opt/ml
  for entry in "$old"/* "$old"/.[!.]*; do if [ -e "$entry" ]; then ln -s "$entry" /opt/; fi; done
fi
mount --bind "$ml" /opt/ml
exec "$@"
"""


_LOOPBACK = "ip link set lo up 2>/dev/null || true\n"


@dataclass(frozen=True)
class Privileges:
    """What this system allows."""

    user_namespace: bool
    """A user namespace is needed to be root. Real root does without one: files of other users stay readable."""
    network: bool
    """A network namespace is possible too."""

    def unshare(self, *, isolated: bool) -> tuple[str, ...]:
        user = ("--user", "--map-root-user") if self.user_namespace else ()
        return ("unshare", *user, "--mount", *(("--net",) if isolated and self.network else ()))


class NamespaceBackend:
    name = "namespace"

    def __init__(self, powers: Privileges) -> None:
        self._powers = powers

    def command(self, container: Container) -> ProcessCommand:
        """The container as a command; it keeps the network, because a model server must be reached."""
        return self._wrapped(container, isolated=False)

    def bare_command(self, container: Container) -> ProcessCommand:
        return ProcessCommand(container.argv, container.full_environment())

    def mount(self, container: Container) -> Mount:
        network = not (container.isolated and self._powers.network)
        return Mount(container.ml, _old(container.folder), self._powers.user_namespace, network)

    def start(self, container: Container, *, output: int) -> JobProcess:
        command = self._wrapped(container, isolated=container.isolated)
        process = spawn(command.argv, env=command.environment, cwd=container.work, stdout=output, stderr=output)
        return SpawnedProcess(process)

    def remove(self, container: Container) -> None:
        """Nothing is left: the process group is all there is."""

    def close(self) -> None:
        """Nothing to release: a namespace ends with its last process."""

    def _wrapped(self, container: Container, *, isolated: bool) -> ProcessCommand:
        unshare = self._powers.unshare(isolated=isolated)
        bare = self.bare_command(container)
        mounting = _mounting(container.folder, loopback="--net" in unshare)
        return ProcessCommand((*unshare, *mounting, *bare.argv), bare.environment)


def _old(folder: Path) -> Path:
    old = folder / "opt"
    old.mkdir(exist_ok=True)
    return old


def _mounting(folder: Path, *, loopback: bool) -> tuple[str, ...]:
    script = _LOOPBACK + _SCRIPT if loopback else _SCRIPT
    return ("sh", "-e", "-c", script, "container", str(folder / "ml"), str(_old(folder)))


def find_powers() -> Privileges | None:
    """What this system allows, tried for real; None when /opt/ml is not possible at all."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return None
    for user_namespace in (False, True) if os.geteuid() == 0 else (True,):
        for network in (True, False):
            powers = Privileges(user_namespace=user_namespace, network=network)
            if _gives_ml(powers.unshare(isolated=True)):
                return powers
    return None


def _gives_ml(unshare: tuple[str, ...]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ml").mkdir()
        (Path(folder) / "ml" / "probe").touch()
        argv = (*unshare, *_mounting(Path(folder), loopback=False), "test", "-f", f"{ML_ROOT}/probe")
        quiet = subprocess.DEVNULL
        return subprocess.run(argv, stdin=quiet, stdout=quiet, stderr=quiet, check=False).returncode == 0
