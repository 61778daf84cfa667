"""The tables that scikit-learn ships, as CSV files, and what plain scikit-learn makes of the same splits."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    log_loss,
    r2_score,
    roc_auc_score,
    root_mean_squared_error,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


@dataclass(frozen=True)
class ScikitTable:
    """One table: what loads it, its problem, and the metrics that are shown."""

    load: Any
    problem: str
    metrics: tuple[str, ...]


TABLES: Mapping[str, ScikitTable] = {
    "breast_cancer": ScikitTable(datasets.load_breast_cancer, "binary", ("auc", "accuracy")),
    "wine": ScikitTable(datasets.load_wine, "multiclass", ("log_loss", "accuracy")),
    "digits": ScikitTable(datasets.load_digits, "multiclass", ("log_loss", "accuracy")),
    "iris": ScikitTable(datasets.load_iris, "multiclass", ("log_loss", "accuracy")),
    "diabetes": ScikitTable(datasets.load_diabetes, "regression", ("rmse", "r2")),
}
TARGET = "target"


def write_table(name: str, path: Path) -> None:
    """Write a table with its labels as text, the rows in a fixed order of chance: shipped ones are sorted by label."""
    found = TABLES[name].load(as_frame=True)
    table = found.frame.rename(columns=lambda text: text.replace(" ", "_").replace("(", "").replace(")", ""))
    if TABLES[name].problem != "regression":
        table[TARGET] = [str(found.target_names[place]) for place in found.target]
    table.sample(frac=1, random_state=0).to_csv(path, index=False)


def peers(splits: Path, metrics: tuple[str, ...], *, seed: int) -> dict[str, dict[str, float]]:
    """Fit a default linear model and a default random forest on train and validation; the metrics on test.

    Args:
        splits: the folder of `prepare`'s outputs.
        metrics: by the names that `evaluate` has.
        seed: of the forest.
    """
    use_case = json.loads((splits / "train/use_case.json").read_text())
    tables = {name: pd.read_csv(splits / name / "data.csv") for name in ("train", "validation", "test")}
    fitted, test = pd.concat([tables["train"], tables["validation"]]), tables["test"]
    kinds = {column["name"]: column["kind"] for column in use_case["columns"]}
    classifies = bool(use_case["classes"])
    models = {
        "linear": LogisticRegression(max_iter=5000) if classifies else Ridge(),
        "forest": (RandomForestClassifier if classifies else RandomForestRegressor)(random_state=seed, n_jobs=1),
    }
    found = {}
    for name, model in models.items():
        pipeline = make_pipeline(_encoder(kinds), model).fit(fitted[list(kinds)], fitted[use_case["target"]])
        found[name] = _measure(pipeline, test[list(kinds)], test[use_case["target"]], metrics)
    return found


def _encoder(kinds: Mapping[str, str]) -> ColumnTransformer:
    numbers = [name for name, kind in kinds.items() if kind != "category"]
    categories = [name for name, kind in kinds.items() if kind == "category"]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("categories", OneHotEncoder(handle_unknown="ignore"), categories),
        ]
    )


def _measure(pipeline: Any, features: pd.DataFrame, target: Any, metrics: tuple[str, ...]) -> dict[str, float]:
    if hasattr(pipeline, "predict_proba"):
        scores = pipeline.predict_proba(features)
        one = scores[:, 1]
        known = {
            "auc": lambda: roc_auc_score(target, one),
            "average_precision": lambda: average_precision_score(target, one),
            "accuracy": lambda: accuracy_score(target, pipeline.predict(features)),
            "log_loss": lambda: log_loss(target, scores, labels=np.unique(pipeline.classes_)),
        }
    else:
        predicted = pipeline.predict(features)
        known = {
            "rmse": lambda: root_mean_squared_error(target, predicted),
            "r2": lambda: r2_score(target, predicted),
        }
    return {name: float(known[name]()) for name in metrics}
