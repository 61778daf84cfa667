"""Verbs as SageMaker runs them, in this process: each would import the same for a second, and dozens are run here."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline_steps.__main__ import main

PROJECT = Path(__file__).parents[2]


def run_verb(base: Path, *argv: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a verb as the image does, its `/opt/ml` below `base`."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        for name, value in {"SM_BASE_DIR": str(base), **(environment or {})}.items():
            patch.setenv(name, value)
        code = main(argv)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


def run_verb_alone(
    base: Path, *argv: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a verb in an interpreter of its own."""
    variables = {**os.environ, "SM_BASE_DIR": str(base), **(environment or {})}
    command = [sys.executable, "-m", "pipeline_steps", *argv]
    return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False, timeout=120)
