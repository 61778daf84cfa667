"""What the hook runs: check out the pushed commit, check it, rehearse it, keep the report."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from rehearsal.process import spawn, stop
from rehearsal.push.origin import REPORTS, git
from slipway.errors import LaunchError
from slipway.temporary import temporary_folder

_RETRAINING = ("pipeline_steps/", "config/", "slipway/training/")
"""Changes below these start the training pipeline on AWS, as new data does."""
_TOOLS = {
    ".venv": ("requirements.lock", "requirements-dev.lock"),
    "node_modules": ("package-lock.json",),
}
"""What `make setup` installs, and the lock files that determine its content."""
_NOTHING = "0" * 40
_GRACE_SECONDS = 20.0


def main(argv: Sequence[str] | None = None, updates: Iterable[str] = sys.stdin) -> int:
    """Rehearse the newest commit of the branch among `updates`, git's lines of old, new and ref."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--origin", type=Path, required=True)
    parser.add_argument("--branch", required=True)
    parser.add_argument("--checks", default="")
    parser.add_argument("--rehearse", default="")
    arguments = parser.parse_args(argv)
    for line in updates:
        old, new, ref = line.split()
        if ref == f"refs/heads/{arguments.branch}" and new != _NOTHING:
            return _deliver(arguments, old, new)
    _log(f"nothing was pushed to {arguments.branch}: nothing to rehearse")
    return 0


def _deliver(arguments: argparse.Namespace, old: str, new: str) -> int:
    _log(f"{new[:12]}: {_training(arguments.origin, old, new)}")
    report = arguments.origin / REPORTS / new
    with temporary_folder("push") as folder:
        checkout = folder / "checkout"
        try:
            git("clone", "--quiet", "--branch", arguments.branch, str(arguments.origin), str(checkout))
            git("checkout", "--quiet", new, cwd=checkout)
            _borrow_tools(checkout)
            if arguments.checks:
                _run("checks", shlex.split(arguments.checks), checkout)
            rehearsal = ["make", "rehearse", f"OUT={report}", f"ARGS=--plain {arguments.rehearse}"]
            _run("rehearsal", rehearsal, checkout)
        except LaunchError as exc:
            _log(str(exc))
            return 1
    _log(f"delivered; the report is {report}/report.html")
    return 0


def _training(origin: Path, old: str, new: str) -> str:
    if old == _NOTHING:
        return "the first push: delivery would train"
    changed = git("diff", "--name-only", old, new, cwd=origin).splitlines()
    if any(name.startswith(_RETRAINING) for name in changed):
        return "steps or settings have changed: delivery would train"
    return "neither steps nor settings have changed: delivery would deploy and not train"


def _borrow_tools(checkout: Path) -> None:
    """If the lock files are equal, use the tools of the project that made the repository: set-up would take minutes."""
    project = Path(sys.executable).parents[2]
    for tools, locks in _TOOLS.items():
        same = all(_same(project / lock, checkout / lock) for lock in locks)
        if same and (project / tools / ".ready").exists():
            (checkout / tools).symlink_to(project / tools)
            for ready in sorted((project / tools).glob(".ready*")):
                ready.touch()  # a checkout's files are newer than what was installed from them


def _same(first: Path, second: Path) -> bool:
    return first.is_file() and second.is_file() and first.read_bytes() == second.read_bytes()


def _run(what: str, command: Sequence[str], checkout: Path) -> None:
    """Run `command` in the checkout; its output is shown to the user who pushed.

    Raises:
        LaunchError: it fails.
    """
    _log(f"{what}: {shlex.join(command)}")
    environment = {**os.environ, "PYTHONPATH": str(checkout)}  # the tools were installed for another folder
    process = spawn(command, env=environment, cwd=checkout, stdout=sys.stdout.fileno(), stderr=subprocess.STDOUT)
    try:
        code = process.wait()
    finally:
        stop(process, grace_seconds=_GRACE_SECONDS)
    if code:
        raise LaunchError(f"{what} failed with exit code {code}: nothing was delivered")


def _log(line: str) -> None:
    sys.stdout.write(f"slipway: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
