"""A spot job's machine may be taken away at any moment: the model is the same."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_steps.algorithms.xgboost.checkpoints import TrainingCheckpoint

PROJECT = Path(__file__).parents[2]
HYPERPARAMETERS = {
    "algorithm": "xgboost",
    "num_round": "700",
    "early_stopping_rounds": "700",
    "eta": "0.01",
    "max_depth": "6",
    "subsample": "0.6",
    "colsample_bytree": "0.6",
    "min_child_weight": "1",
}
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def job(jobs: Any, tmp_path: Path) -> Callable[..., Path]:
    """A training job's tree; with checkpoints if it has a CheckpointConfig."""

    def lay(name: str, *, checkpoints: bool = True, **hyperparameters: str) -> Path:
        base = tmp_path / name
        for split in ("train", "validation"):
            shutil.copytree(jobs.prepared / "processing/output" / split, base / "input/data" / split)
        (base / "input/config").mkdir()
        given = json.dumps(HYPERPARAMETERS | hyperparameters)
        (base / "input/config/hyperparameters.json").write_text(given)
        if checkpoints:
            (base / "checkpoints").mkdir()
        return base

    return lay


def artifact(base: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted((base / "model").iterdir())}


def kill_after_the_first_checkpoint(base: Path) -> None:
    """Start the job, and end it as a machine that is gone ends it."""
    environment = {**os.environ, "SM_BASE_DIR": str(base)}
    argv = [sys.executable, "-m", "pipeline_steps", "train"]
    with subprocess.Popen(argv, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and not list((base / "checkpoints").glob("*.ubj")):
            time.sleep(0.002)
        process.kill()
    assert process.returncode == -9
    assert not (base / "model" / "model.onnx").exists()


def test_a_killed_training_continues_to_the_same_artifact(job: Callable[..., Path], run_verb: Run) -> None:
    whole, cut = job("whole"), job("cut")
    assert run_verb(whole, "train").returncode == 0
    kill_after_the_first_checkpoint(cut)
    ended = run_verb(cut, "train")
    assert ended.returncode == 0, ended.stderr
    assert "continuing after " in ended.stdout
    assert artifact(cut) == artifact(whole)


def test_training_that_was_over_when_it_was_cut_off_is_not_repeated(job: Callable[..., Path], run_verb: Run) -> None:
    base = job("once", num_round="120", early_stopping_rounds="20", eta="0.3")
    assert run_verb(base, "train").returncode == 0
    first = artifact(base)
    shutil.rmtree(base / "model")
    ended = run_verb(base, "train")
    assert "[50]" not in ended.stdout
    assert artifact(base) == first


def test_other_hyperparameters_begin_anew_in_the_same_folder(job: Callable[..., Path], run_verb: Run) -> None:
    base = job("first", num_round="60")
    assert run_verb(base, "train").returncode == 0
    other = job("second", checkpoints=False, num_round="60", eta="0.05")
    (other / "checkpoints").symlink_to(base / "checkpoints")
    assert "continuing after " not in run_verb(other, "train").stdout
    assert len(list((base / "checkpoints").glob("*.ubj"))) == 2


def test_without_a_checkpoint_config_nothing_is_saved(job: Callable[..., Path], run_verb: Run) -> None:
    base = job("plain", checkpoints=False, num_round="60")
    assert run_verb(base, "train").returncode == 0
    assert not (base / "checkpoints").exists()


def test_a_checkpoint_is_of_one_table_and_one_set_of_parameters(tmp_path: Path) -> None:
    table = np.arange(6, dtype=np.float32).reshape(2, 3)
    files = {
        TrainingCheckpoint.of(tmp_path, parameters, array).file
        for parameters in ({"eta": 0.1}, {"eta": 0.2})
        for array in (table, table.reshape(3, 2), table + 1)
    }
    assert len(files) == 6
    assert TrainingCheckpoint.of(tmp_path, {"eta": 0.1}, table.copy()).file in files


def test_a_checkpoint_is_exchanged_in_one_step(tmp_path: Path) -> None:
    checkpoint = TrainingCheckpoint(tmp_path / "job.ubj")
    assert checkpoint.read() is None
    checkpoint.save(b"first")
    with checkpoint.file.open("rb") as reader:
        checkpoint.save(b"second")
        assert reader.read() == b"first"
    assert checkpoint.read() == b"second"
