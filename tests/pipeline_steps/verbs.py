"""Verbs as processes of their own, forked from one that has imported what they all import: that import is most of a
short job's second, and a hundred of them are run here."""

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).parents[2]

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [
        "boto3",
        "matplotlib.backends.backend_svg",
        "matplotlib.figure",
        "onnx",
        "onnxruntime",
        "pandas",
        "sklearn.linear_model",
        "xgboost",
    ]
)


def run_verb(base: Path, *argv: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a verb as the image does, its `/opt/ml` below `base`."""
    variables = {**os.environ, "SM_BASE_DIR": str(base), "PYTHONWARNINGS": "", **(environment or {})}
    if any(name.startswith("PYTHON") for name in environment or ()):  # which an interpreter reads when it starts
        command = [sys.executable, "-m", "pipeline_steps", *argv]
        return subprocess.run(command, cwd=PROJECT, env=variables, capture_output=True, text=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _FORKS.Process(target=_become, args=(argv, variables, out, err))
        process.start()
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess(argv, process.exitcode, out.read_text(), err.read_text())


def _become(argv: Sequence[str], variables: Mapping[str, str], out: Path, err: Path) -> None:
    """In the new process: run the package as `python -m` would."""
    for number, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(PROJECT)
    sys.argv = ["pipeline_steps", *argv]
    runpy.run_module("pipeline_steps", run_name="__main__", alter_sys=True)
