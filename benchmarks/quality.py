"""How good the model is over several splits of a table, with the image's own steps as processes.

Usage: python -m benchmarks.quality [--data FILE] [--config FILE] [--seeds 10] [--json FILE]

One split's accuracy has a standard error of about 0.006 on 2,440 test rows, so a single seed is no measure. Each seed
gets its own split; the boosted trees run with their default hyperparameters, untuned, beside the logistic baseline.
Nothing is chosen by what this prints.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.workbench import PROJECT, Workbench
from rehearsal.journey.demo_data.registry import write_demo_csv
from rehearsal.journey.embedded_aws import EmbeddedAws, embedded_aws
from rehearsal.journey.options import RehearsalOptions
from slipway.settings import Settings, load_settings
from slipway.training import evaluation_arguments


def measure(settings: Settings, data: Path, seed: int, aws: EmbeddedAws) -> dict[str, Any]:
    """Prepare, train and evaluate on the split of `seed`."""
    seeded = settings.model_copy(update={"data": settings.data.model_copy(update={"seed": seed})})
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), aws.environment)
        outputs, given = bench.prepare(data, seeded), bench.ml / "processing/input"
        for name in ("train", "validation", "test", "profile"):
            shutil.copytree(outputs / name, given / name)
        for role, algorithm in (("candidate", "xgboost"), ("baseline", "linear")):
            (given / role).mkdir()
            (given / role / "model.tar.gz").write_bytes(bench.train(algorithm=algorithm))
        gate = evaluation_arguments(
            settings, package_group=settings.names.package_group, threshold=settings.gate.threshold
        )
        bench.run("evaluate", *map(str, gate))
        found = json.loads((outputs / "evaluation" / "evaluation.json").read_text())
    return {"seed": seed, **found["metrics"], "baseline": found["baseline"]}


def print_table(rows: list[dict[str, Any]]) -> None:
    print("seed     auc  accuracy      ap   baseline auc  accuracy")
    for row in rows:
        base = row["baseline"]
        print(
            f"{row['seed']:4}  {row['auc']:.4f}    {row['accuracy']:.4f}  {row['average_precision']:.4f}"
            f"         {base['auc']:.4f}    {base['accuracy']:.4f}"
        )
    for name in ("auc", "accuracy", "average_precision"):
        values = [row[name] for row in rows]
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        print(f"{name}: {statistics.fmean(values):.4f} +- {spread:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a CSV table (default: the generated one)")
    parser.add_argument("--config", type=Path, default=PROJECT / "config" / "shoppers.toml")
    parser.add_argument("--seeds", type=int, default=10, help="splits, from seed 0 on (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="write the rows here")
    arguments = parser.parse_args()
    settings = load_settings(arguments.config, "dev")
    options = RehearsalOptions(config=arguments.config)
    with tempfile.TemporaryDirectory() as folder, embedded_aws(options, Path(folder)) as aws:
        data = arguments.data or Path(folder) / "demo.csv"
        if arguments.data is None:
            write_demo_csv(data, rows=12000, seed=0)
        rows = [measure(settings, data, seed, aws) for seed in range(arguments.seeds)]
    print_table(rows)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
