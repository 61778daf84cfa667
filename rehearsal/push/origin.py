"""A bare repository whose hook rehearses what is pushed."""

import shlex
import stat
import subprocess
import sys
from pathlib import Path

from slipway.errors import InputError, LaunchError

REPORTS = "rehearsals"
"""Below the repository: a folder a pushed commit with its report."""

_HOOK = """\
#!/bin/sh
# Runs after a push was accepted; what it prints is shown to the user who pushed.
unset GIT_DIR GIT_QUARANTINE_PATH
exec {command}
"""


def make_origin(folder: Path, *, branch: str, checks: str, rehearse: str) -> None:
    """Make the repository, or renew the hook of one that this command made.

    Args:
        folder: it must not exist, or must have been made by this command.
        branch: pushes to other branches are accepted and not rehearsed.
        checks: a command line run in the checkout first; empty for none.
        rehearse: arguments for `slipway rehearse`.

    Raises:
        InputError: `folder` has something else.
        LaunchError: git fails.
    """
    hook = folder / "hooks" / "post-receive"
    if folder.exists() and REPORTS not in (path.name for path in folder.iterdir()):
        raise InputError(f"the repository must be a new folder or one made by this command, got {folder}")
    git("init", "--quiet", "--bare", f"--initial-branch={branch}", str(folder))
    (folder / REPORTS).mkdir(exist_ok=True)
    command = [sys.executable, "-m", "rehearsal.push.receive", "--origin", str(folder.resolve())]
    command += ["--branch", branch, f"--checks={checks}", f"--rehearse={rehearse}"]
    hook.write_text(_HOOK.format(command=shlex.join(command)), encoding="utf-8")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def git(*arguments: str, cwd: Path | None = None) -> str:
    """Run git; returns its output.

    Raises:
        LaunchError: it fails, or is not installed.
    """
    try:
        ended = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as exc:
        raise LaunchError(f"git must be installed: {exc.strerror}") from exc
    if ended.returncode:
        raise LaunchError(f"git {arguments[0]} failed: {ended.stderr.strip()}")
    return ended.stdout.strip()
