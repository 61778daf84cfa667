"""Jobs that ran on the shop's table."""

import json
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipeline_steps.shop import lay_use_case, shop_rows, write_rows
from tests.pipeline_steps.verbs import run_verb


@dataclass(frozen=True)
class Jobs:
    """The trees that jobs left behind."""

    prepared: Path
    boosted: Path
    linear: Path

    def archive(self, job: Path, target: Path) -> Path:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tarfile.open(target, "w:gz") as tar:
            for file in sorted((job / "model").iterdir()):
                tar.add(file, f"./{file.name}")
        return target


@pytest.fixture(scope="session")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Jobs:
    """`prepare` and two `train` jobs, run once."""
    base = tmp_path_factory.mktemp("jobs")
    prepared = base / "prepare"
    write_rows(prepared / "processing/input/data/table.csv", shop_rows(1200))
    lay_use_case(prepared)
    ended = run_verb(prepared, "prepare")
    assert ended.returncode == 0, ended.stderr
    done = {}
    for algorithm, more in (("xgboost", {"num_round": "60", "eta": "0.2", "min_child_weight": "5"}), ("linear", {})):
        job = done[algorithm] = base / algorithm
        for split in ("train", "validation"):
            shutil.copytree(prepared / "processing/output" / split, job / "input/data" / split)
        (job / "input/config").mkdir()
        (job / "input/config/hyperparameters.json").write_text(json.dumps({"algorithm": algorithm, **more}))
        ended = run_verb(job, "train")
        assert ended.returncode == 0, ended.stderr
        (job / "log.txt").write_text(ended.stdout)
    return Jobs(prepared, done["xgboost"], done["linear"])


@pytest.fixture(name="run_verb")
def run_verb_fixture() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a verb."""
    return run_verb


@pytest.fixture
def shop() -> Callable[..., list[list[str]]]:
    """The shop's rows."""
    return shop_rows
