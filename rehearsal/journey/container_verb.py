"""A verb of the container that answers at once, run on this machine as the image runs it."""

import json
import os
import subprocess
import sys
from typing import Any

from rehearsal.journey.options import PROJECT
from rehearsal.process import spawn, stop
from slipway.errors import InputError, LaunchError


def answer_of(verb: str, *arguments: str) -> dict[str, Any]:
    """Run `python -m pipeline_steps verb`, and read the JSON that it prints.

    Raises:
        InputError: it refuses what it was given; the message is its own.
        LaunchError: it fails.
    """
    child = spawn(
        [sys.executable, "-m", "pipeline_steps", verb, *arguments],
        cwd=PROJECT,
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        output, errors = child.communicate()
    finally:
        stop(child, grace_seconds=1)
    reason = errors.decode(errors="replace").strip()
    if child.returncode == InputError.exit_code:
        raise InputError(reason)
    if child.returncode != 0:
        raise LaunchError(f"the container's verb {verb} failed with exit code {child.returncode}\n{reason}")
    found: dict[str, Any] = json.loads(output)
    return found
