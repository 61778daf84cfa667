"""A small shop's table, and jobs that ran on it as real processes."""

import csv
import json
import random
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.pipeline_steps.verbs import run_verb

HEADER = ["visits", "spend", "month", "returning", "bought"]
SCHEMA_FLAGS = [
    "--target=bought",
    "--positive-label=TRUE",
    "--number=visits,spend",
    "--category=month",
    "--category=returning",
]


def shop_rows(count: int, *, seed: int = 0) -> list[list[str]]:
    """Visits with a pattern that trees find: buyers come in November, or come often and spend."""
    random_numbers = random.Random(seed)  # noqa: S311 (made-up data)
    rows = []
    for _ in range(count):
        visits, spend = random_numbers.randint(1, 40), random_numbers.expovariate(1 / 20)
        month = random_numbers.choices(["Feb", "May", "Nov", "Dec", "Jan"], [30, 30, 25, 14, 1])[0]
        odds = 0.08 + 0.5 * (month == "Nov") + 0.35 * (visits > 25 and spend > 15)
        bought = random_numbers.random() < odds
        amount = "" if random_numbers.random() < 0.05 else f"{spend:.2f}"
        rows.append([str(visits), amount, month, random_numbers.choice(["TRUE", "FALSE"]), str(bought).upper()])
    return rows


def write_rows(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


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
    ended = run_verb(prepared, "prepare", *SCHEMA_FLAGS)
    assert ended.returncode == 0, ended.stderr
    done = {}
    for algorithm, more in (("xgboost", {"num_round": "60", "eta": "0.2"}), ("logistic", {})):
        job = done[algorithm] = base / algorithm
        for split in ("train", "validation"):
            shutil.copytree(prepared / "processing/output" / split, job / "input/data" / split)
        (job / "input/config").mkdir()
        (job / "input/config/hyperparameters.json").write_text(json.dumps({"algorithm": algorithm, **more}))
        ended = run_verb(job, "train")
        assert ended.returncode == 0, ended.stderr
        (job / "log.txt").write_text(ended.stdout)
    return Jobs(prepared, done["xgboost"], done["logistic"])


@pytest.fixture(name="run_verb")
def run_verb_fixture() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a verb as a process of its own."""
    return run_verb


@pytest.fixture
def shop() -> Callable[..., list[list[str]]]:
    """The shop's rows."""
    return shop_rows
