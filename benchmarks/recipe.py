"""The recipe: what each method does to the headline's value, how long it takes to fit, and microseconds a row.

Usage: python -m benchmarks.recipe [--data FILE] [--config FILE] [--seeds 5] [--algorithm linear] [--json FILE]

Each recipe is trained as a training job would, at the algorithm's default hyperparameters, and measured on the test
split; each seed has its own split. The time of a row is that of the whole graph, one row at a time. The peer is
scikit-learn's own pipeline of the same methods up to a logistic regression, given the row as a data frame.
Nothing is chosen by what this prints.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.recipe_peers import fit_peer
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import train_model
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.preparation.split_table import split_table
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.raw_table import read_raw_table
from pipeline_steps.tables.use_case import UseCase
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import load_settings
from slipway.settings.features import Features
from slipway.training import use_case_document

PROJECT = Path(__file__).resolve().parents[1]
RECIPES: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "outliers capped": {"numbers": {"outliers": "iqr"}},
    "log1p": {"numbers": {"transform": "log1p"}},
    "yeo_johnson": {"numbers": {"transform": "yeo_johnson"}},
    "ten quantile bins": {"numbers": {"bins": {"method": "quantile", "bins": 10, "output": "one_hot"}}},
    "yeo_johnson, products": {
        "numbers": {"transform": "yeo_johnson", "scale": "standard"},
        "extract": {"polynomial": {"degree": 2}},
    },
    "one_hot": {"categories": {"encode": {"method": "one_hot", "rare_rows": 20}}},
    "target": {"categories": {"encode": "target"}},
    "pca": {"numbers": {"scale": "standard"}, "extract": {"pca": {"components": 5}}},
    "k_best": {"numbers": {"scale": "standard"}, "select": {"method": "k_best", "k": 8}},
}
_REPEATS = 200


@dataclass(frozen=True)
class MeasuredRecipe:
    """One recipe on one split."""

    metrics: Mapping[str, float]
    columns: int
    fit_seconds: float
    graph_kilobytes: float
    microseconds: float
    peer_microseconds: float


def measure(use_case: UseCase, splits: Mapping[str, Split], name: str, algorithm: str) -> MeasuredRecipe:
    """Train with a recipe, and measure the model on the test split."""
    recipe = RECIPES[name]
    checked = Features.model_validate(dict(recipe)).document()
    case, problem = replace(use_case, features=checked), problem_named(use_case.problem)
    started = time.perf_counter()
    hyperparameters = parse_hyperparameters({"algorithm": algorithm})
    trained = train_model(case, splits["train"], splits["validation"], hyperparameters, log=_no_log)
    seconds, graph = time.perf_counter() - started, trained.model.graph()
    scorer, test = Scorer(graph, problem.output), splits["test"]
    encoded = trained.contract.encode(test.features)
    metrics = problem.measure(test.target, scorer.score(encoded), trained.contract.decision, case)
    row = np.ascontiguousarray(encoded[:1])
    made = (trained.features or {"columns": use_case.names})["columns"]
    train = splits["train"]
    predict = fit_peer(name, train.features, train.target, {column.name: column.kind for column in use_case.columns})
    alone = test.features.iloc[:1]
    ours, peers = (_seconds_a_call(call) for call in (lambda: scorer.score(row), lambda: predict(alone)))
    return MeasuredRecipe(metrics, len(made), seconds, len(graph) / 1000, 1e6 * ours, 1e6 * peers)


def _no_log(_: str) -> None:
    """The lines of a training job would hide the table."""


def _seconds_a_call(call: Callable[[], object]) -> float:
    """Give the median of single calls: one row is what most requests have."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def read_splits(config: Path, data: Path, seed: int) -> tuple[UseCase, dict[str, Split]]:
    """Read and split a table as Prepare does."""
    given = UseCase.from_document(use_case_document(load_settings(config, "dev")))
    raw, use_case = read_raw_table([data], replace(given, split=replace(given.split, seed=seed)))
    prepared = split_table(raw, use_case)
    found = {
        name: Split(table[use_case.names].reset_index(drop=True), table[str(use_case.target)].to_numpy())
        for name, table in prepared.splits.items()
    }
    return prepared.use_case, found


def print_table(found: Mapping[str, list[MeasuredRecipe]], metrics: tuple[str, ...]) -> None:
    named = "".join(f"{name:>24}" for name in metrics)
    print(f"{'recipe':24}{named}{'columns':>9}{'fit s':>8}{'kB':>8}{'us a row':>10}{'peer us':>10}{'ratio':>8}")
    for name, rows in found.items():
        cells = []
        for metric in metrics:
            values = [row.metrics[metric] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            cells.append(f"{statistics.fmean(values):>14.4f} +- {spread:6.4f}")
        each = [
            statistics.fmean(getattr(row, key) for row in rows) for key in ("columns", "fit_seconds", "graph_kilobytes")
        ]
        ours, peer = min(row.microseconds for row in rows), min(row.peer_microseconds for row in rows)
        sizes = f"{each[0]:>9.0f}{each[1]:>8.2f}{each[2]:>8.1f}"
        print(f"{name:24}{''.join(cells)}{sizes}{ours:>10.1f}{peer:>10.0f}{peer / ours:>8.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the headline's CSV table (default: the generated one)")
    parser.add_argument("--config", type=Path, default=PROJECT / "config" / "shoppers.toml")
    parser.add_argument("--seeds", type=int, default=5, help="splits, from seed 0 on (default: %(default)s)")
    parser.add_argument("--algorithm", default="linear", help="default: %(default)s")
    parser.add_argument("--metrics", nargs="+", default=["value_per_1000", "auc"])
    parser.add_argument("--json", type=Path, help="write what was measured here")
    arguments = parser.parse_args()
    found: dict[str, list[MeasuredRecipe]] = {name: [] for name in RECIPES}
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder) / "demo.csv"
        if arguments.data is None:
            write_demo_csv(data, rows=12000, seed=0)
        for seed in range(arguments.seeds):
            use_case, splits = read_splits(arguments.config, data, seed)
            for name in RECIPES:
                found[name].append(measure(use_case, splits, name, arguments.algorithm))
    print_table(found, tuple(arguments.metrics))
    if arguments.json:
        rows = {name: [vars(row) for row in each] for name, each in found.items()}
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
