"""A small table of each problem, trained without processes."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import train_model
from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.documents import to_json
from pipeline_steps.evaluation.comparison import Table
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, UseCase

ROWS = {"train": 240, "validation": 120, "test": 160}
ALGORITHMS = {
    "binary": "linear",
    "multiclass": "linear",
    "regression": "linear",
    "anomaly": "isolation_forest",
    "clustering": "k_means",
}
_CASES: dict[str, dict[str, Any]] = {
    "binary": {
        "target": "bought",
        "positive_label": "$yes$",
        "metric": "auc",
        "classes": ("no", "$yes$"),
        "value": {
            "currency": "EUR",
            "true_positive": 5.0,
            "false_positive": -1.0,
            "true_negative": 0.0,
            "false_negative": 0.0,
        },
    },
    "multiclass": {"target": "kind", "metric": "log_loss", "classes": ("a", "b<", "c")},
    "regression": {"target": "amount", "metric": "rmse", "decision": {"interval": 0.9}},
    "anomaly": {"target": None, "metric": "auc"},
    "clustering": {"target": None, "metric": "silhouette"},
}


def table_of(problem: str, *, seed: int = 0) -> Table:
    """Three splits in which two columns decide the target."""
    use_case = UseCase(
        problem=problem,
        columns=(Column("height", "number"), Column("width", "number"), Column("colour", "category")),
        **_CASES[problem],
    )
    generator = np.random.default_rng(seed)
    return Table(
        use_case,
        problem_named(problem),
        {name: _split(use_case, generator, rows) for name, rows in ROWS.items()},
    )


def _split(use_case: UseCase, generator: np.random.Generator, rows: int) -> Split:
    group = generator.integers(0, 3, rows)
    height = group * 2.0 + generator.normal(size=rows)
    width = height + generator.normal(scale=0.5, size=rows)
    features = pd.DataFrame(
        {"height": height, "width": width, "colour": generator.choice(["red", "blue"], rows).astype(object)}
    )
    targets = {
        "binary": (height + generator.normal(size=rows) > 2).astype(np.float64),
        "multiclass": group.astype(np.float64),
        "regression": 3 * height + generator.normal(size=rows),
    }
    return Split(features, targets.get(use_case.problem, np.full(rows, np.nan)))


def trained(table: Table, **hyperparameters: str) -> Artifact:
    """Fit the problem's simplest algorithm."""
    given = parse_hyperparameters({"algorithm": ALGORITHMS[table.use_case.problem], **hyperparameters})
    found = train_model(table.use_case, table.splits["train"], table.splits["validation"], given, log=lambda _: None)
    documents = {"contract.json": found.contract.to_document(), "metrics.json": found.metrics_document()}
    files = {name: to_json(document).encode() for name, document in documents.items()}
    return Artifact({**files, "model.onnx": found.model.graph(), "baseline.json": b"{}"})
