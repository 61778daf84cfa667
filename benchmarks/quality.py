"""How good the launched model is over several splits of a table, with the image's own steps, beside scikit-learn's
defaults on the same splits.

Usage: python -m benchmarks.quality [TABLE …] [--data FILE --config FILE] [--seeds 0-9] [--trials 6] [--json FILE]

A table is one of those that scikit-learn ships; its use case is what `slipway new` writes, unedited. `shoppers` is the
headline: the file of `--data`, or else the generated one, with `--config`. Each seed has its own split. A search draws
`--trials` hyperparameters from the use case's ranges, the best on validation is evaluated beside the linear reference,
and what Evaluate chooses counts. Nothing is chosen by what this prints. Seeds that the file of `--json` has are not
measured again, so that a long measurement can be taken in parts.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO
from math import exp, log
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.scikit_tables import TABLES, TARGET, peers, write_table
from benchmarks.workbench import PROJECT, Workbench
from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.evaluate import read_table
from pipeline_steps.evaluation.comparison import choose, compare, measure_for_gate
from pipeline_steps.evaluation.gate import Gate
from pipeline_steps.paths import Paths
from rehearsal.journey.demo_data.registry import write_demo_csv
from slipway.settings import CategoricalRange, IntegerRange, Settings, load_settings

HEADLINE = "shoppers"
_SHOPPERS_METRICS: tuple[str, ...] = ("auc", "average_precision", "accuracy")


class _Steps(Workbench):
    """The verbs in this process: a start of Python for each trial would take most of the time."""

    def run(self, *arguments: str) -> None:
        verb, *argv = arguments
        with redirect_stdout(StringIO()):
            import_module(f"pipeline_steps.{verb}").main(argv, Paths(self.ml))


def measure(settings: Settings, data: Path, seed: int, *, trials: int, metrics: tuple[str, ...]) -> dict[str, Any]:
    """Prepare, search, train and evaluate on the split of `seed`."""
    split = settings.data.split.model_copy(update={"seed": seed})
    seeded = settings.model_copy(update={"data": settings.data.model_copy(update={"split": split})})
    with tempfile.TemporaryDirectory() as folder:
        bench = _Steps(Path(folder))
        outputs, given = bench.prepare(data, seeded), bench.ml / "processing/input"
        for name in ("train", "validation", "test"):
            shutil.copytree(outputs / name, given / name)
        reference = bench.train(algorithm=seeded.facts.reference)
        found = [bench.trial(**drawn) for drawn in draws(seeded, trials, seed)]
        best = (max if seeded.direction == "maximize" else min)(
            found, key=lambda trial: trial.metrics["validation"][settings.metric]
        )
        table = read_table(Paths(bench.ml), json.loads((outputs / "profile/profile.json").read_text()))
        models = {}
        for name, archive in (("tuned", best.archive), ("reference", reference)):
            file = bench.ml / f"{name}.tar.gz"
            file.write_bytes(archive)
            models[name] = read_archive(file)
        chosen = models[choose(table, models["tuned"], models["reference"]).chosen]
        compared = compare(table, chosen, models["reference"], None)
        gate = _gate(seeded)
        beside = peers(outputs, metrics, seed=seed)
        return {
            "seed": seed,
            "algorithm": chosen.contract.algorithm,
            "passed": gate.decide(measure_for_gate(compared, gate, gap=0.0))["passed"],
            "launched": {name: compared.candidate.metrics[name] for name in metrics},
            "reference": {name: compared.reference.metrics[name] for name in metrics},
            **{f"scikit-learn {name}": found for name, found in beside.items()},
        }


def _gate(settings: Settings) -> Gate:
    """The limits of the use case, but for that of the gap between training and validation."""
    found = settings.gate
    return Gate(
        settings.metric,
        settings.direction,
        found.confidence,
        found.threshold,
        found.min_gain_over_naive,
        found.max_loss_to_reference,
        found.max_loss_to_champion,
        max_gap=None,
        accuracy_target=None,
    )


def draws(settings: Settings, trials: int, seed: int) -> Iterator[dict[str, str]]:
    """Draw hyperparameters: the defaults once, then from the ranges, for each searched algorithm in turn."""
    chance, searched = Random(seed), settings.search.searches  # noqa: S311 (no secret)
    for number in range(trials):
        search = searched[number % len(searched)]
        drawn = {} if number < len(searched) else {name: _draw(chance, one) for name, one in search.ranges.items()}
        yield {"algorithm": search.algorithm, **search.fixed, **drawn}


def _draw(chance: Random, bounds: Any) -> str:
    if isinstance(bounds, CategoricalRange):
        return chance.choice(bounds.values)
    if bounds.scaling == "Logarithmic":
        value = exp(chance.uniform(log(bounds.min), log(bounds.max)))
    else:
        value = chance.uniform(bounds.min, bounds.max)
    return str(round(value)) if isinstance(bounds, IntegerRange) else repr(value)


def seeds(text: str) -> range:
    """Read `3`, or `0-9`."""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def new_use_case(name: str, folder: Path) -> tuple[Settings, Path]:
    """Write a table and the use case that `slipway new` makes of it."""
    data, config = folder / f"{name}.csv", folder / f"{name}.toml"
    write_table(name, data)
    argv = [sys.executable, "-m", "slipway.cli", "new", str(data), "--target", TARGET, "--out", str(config)]
    subprocess.run(argv, cwd=PROJECT, stdout=subprocess.DEVNULL, check=True)
    return load_settings(config, "dev"), data


def print_table(name: str, rows: list[dict[str, Any]], metrics: tuple[str, ...]) -> None:
    models = [key for key in rows[0] if isinstance(rows[0][key], Mapping)]
    algorithms = sorted({row["algorithm"] for row in rows})
    print(
        f"\n{name}: {len(rows)} splits, launched {', '.join(algorithms)}, {sum(row['passed'] for row in rows)} passed"
    )
    for metric in metrics:
        for model in models:
            values = [row[model][metric] for row in rows]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            print(f"  {metric:18} {model:20} {statistics.fmean(values):8.4f} +- {spread:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = (HEADLINE, *TABLES)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(names)} (default: all)")
    parser.add_argument("--data", type=Path, help="the headline's CSV table (default: the generated one)")
    parser.add_argument("--config", type=Path, default=PROJECT / "config" / "shoppers.toml")
    parser.add_argument("--seeds", type=seeds, default="0-9", help="seeds of the splits (default: %(default)s)")
    parser.add_argument("--trials", type=int, default=6, help="trials of the search (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the rows here, beside those that it has")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.tables if name not in names]:
        parser.error(f"TABLE must be one of {', '.join(names)}, got {unknown[0]}")
    file = arguments.json
    found: dict[str, Any] = json.loads(file.read_text()) if file and file.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.tables or names:
            if name == HEADLINE:
                metrics = _SHOPPERS_METRICS
                settings = load_settings(arguments.config, "dev")
                data = arguments.data or Path(folder) / "demo.csv"
                if arguments.data is None:
                    write_demo_csv(data, rows=12000, seed=0)
            else:
                metrics = TABLES[name].metrics
                settings, data = new_use_case(name, Path(folder))
            rows = found.setdefault(name, [])
            for seed in sorted(set(arguments.seeds) - {row["seed"] for row in rows}):
                rows.append(measure(settings, data, seed, trials=arguments.trials, metrics=metrics))
                if file:
                    file.write_text(json.dumps(found, indent=2) + "\n")
            print_table(name, rows, metrics)


if __name__ == "__main__":
    main()
