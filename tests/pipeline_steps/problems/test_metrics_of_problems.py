import importlib
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline_steps.problems.registry import PROBLEMS
from pipeline_steps.tables.use_case import UseCase

LINEARISED = 0.1
"""Of the AUC of each class, and of the distances between centres."""

Measured = dict[str, float]


def use_case(problem: str, value: dict[str, Any] | None = None) -> UseCase:
    return UseCase(problem=problem, columns=(), target="y", metric="", value=value, classes=("a", "b", "c"))


def scikit_learn(module: str = "metrics") -> ModuleType:
    """Imported when a test runs: the import takes a second, which collection need not wait for."""
    return importlib.import_module(f"sklearn.{module}")


def binary() -> tuple[Measured, Measured]:
    reference, generator = scikit_learn(), np.random.default_rng(5)
    target = generator.integers(0, 2, 300).astype(np.float64)
    scores = (0.7 * generator.uniform(size=300) + 0.3 * target).round(2).astype(np.float32)
    labels = scores >= np.float32(0.4)
    wide = scores.astype(np.float64)
    value = {"currency": "EUR", "true_positive": 9, "false_positive": -2, "true_negative": 1, "false_negative": -4}
    found = PROBLEMS["binary"].measure(target, scores, {"threshold": 0.4}, use_case("binary", value))
    (tn, fp), (fn, tp) = reference.confusion_matrix(target, labels)
    return found, {
        "auc": reference.roc_auc_score(target, scores),
        "average_precision": reference.average_precision_score(target, scores),
        "accuracy": reference.accuracy_score(target, labels),
        "precision": reference.precision_score(target, labels),
        "recall": reference.recall_score(target, labels),
        "f1": reference.f1_score(target, labels),
        "log_loss": reference.log_loss(target, wide),
        "brier": reference.brier_score_loss(target, wide),
        "value_per_1000": 1000 * (9 * tp - 2 * fp + tn - 4 * fn) / 300,
    }


def multiclass() -> tuple[Measured, Measured]:
    reference, generator = scikit_learn(), np.random.default_rng(5)
    target = generator.integers(0, 3, 200).astype(np.float64)
    raw = generator.uniform(size=(200, 4)).round(2) + 0.5 * (target[:, None] == np.arange(4))
    raw[:, 3] = 0.01  # a class that no row has
    outputs = (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32)
    labels, exact = outputs.argmax(axis=1), outputs.astype(np.float64)
    matrix = np.arange(16).reshape(4, 4)
    found = PROBLEMS["multiclass"].measure(target, outputs, {}, use_case("multiclass"))
    decided = PROBLEMS["multiclass"].measure(target, outputs, {"values": matrix.tolist()}, use_case("multiclass"))
    expected = {
        "log_loss": reference.log_loss(target, exact / exact.sum(axis=1, keepdims=True), labels=range(4)),
        "accuracy": reference.accuracy_score(target, labels),
        "f1_macro": reference.f1_score(target, labels, average="macro"),
        "f1_weighted": reference.f1_score(target, labels, average="weighted"),
        "balanced_accuracy": reference.balanced_accuracy_score(target, labels),
        "auc_ovr": np.mean([reference.roc_auc_score(target == place, outputs[:, place]) for place in range(3)]),
        "value_per_1000": 1000 * matrix[target.astype(int), (outputs @ matrix).argmax(axis=1)].mean(),
    }
    return {**found, "value_per_1000": decided["value_per_1000"]}, expected


def regression() -> tuple[Measured, Measured]:
    reference, generator = scikit_learn(), np.random.default_rng(5)
    target = generator.normal(50, 10, 251).round(1)
    target[:3] = 0
    outputs = (target + generator.normal(1, 5, 251)).astype(np.float32)
    value = {"currency": "EUR", "overestimate": -1, "underestimate": -3}
    found = PROBLEMS["regression"].measure(target, outputs, {"shift": 2.0}, use_case("regression", value))
    error = outputs.astype(np.float64) + 2 - target
    return found, {
        "rmse": reference.root_mean_squared_error(target, outputs),
        "mae": reference.mean_absolute_error(target, outputs),
        "r2": reference.r2_score(target, outputs),
        "mape": reference.mean_absolute_percentage_error(target[3:], outputs[3:]),
        "median_absolute_error": reference.median_absolute_error(target, outputs),
        "explained_variance": reference.explained_variance_score(target, outputs),
        "value_per_1000": 1000 * np.where(error > 0, -error, 3 * error).mean(),
    }


def anomaly() -> tuple[Measured, Measured]:
    reference, generator = scikit_learn(), np.random.default_rng(5)
    target = (np.arange(300) % 10 == 0).astype(np.float64)
    scores = (0.3 + 0.4 * generator.uniform(size=300) + 0.2 * target).astype(np.float32)
    found = PROBLEMS["anomaly"].measure(target, scores, {"threshold": 0.6}, use_case("anomaly"))
    labels = scores >= np.float32(0.6)
    assert found.pop("flagged_share") == pytest.approx(labels.mean())
    beside = {name: found.pop(name) for name in ("precision", "recall", "f1")}
    assert beside["f1"] == pytest.approx(reference.f1_score(target, labels))
    return found, {
        "auc": reference.roc_auc_score(target, scores),
        "average_precision": reference.average_precision_score(target, scores),
    }


def clustering() -> tuple[Measured, Measured]:
    rows, _ = scikit_learn("datasets").make_blobs(300, n_features=3, centers=5, random_state=2)
    model = scikit_learn("cluster").KMeans(5, n_init=3, random_state=0, tol=0, max_iter=1000).fit(rows)
    distances = model.transform(rows)
    found = PROBLEMS["clustering"].measure(
        np.full(300, np.nan), distances.astype(np.float32), {}, use_case("clustering")
    )
    own, other = np.sort(distances, axis=1)[:, :2].T
    return found, {
        "silhouette": np.mean((other - own) / other),
        "davies_bouldin": scikit_learn().davies_bouldin_score(rows, model.labels_),
        "inertia": model.inertia_ / 300,
    }


CASES = [binary, multiclass, regression, anomaly, clustering]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_every_metric_is_what_scikit_learn_measures(case: Callable[[], tuple[Measured, Measured]]) -> None:
    found, expected = case()
    assert list(PROBLEMS[case.__name__].metrics) == [name for name in expected if name != "value_per_1000"]
    assert found == pytest.approx(expected, rel=1e-5)


def outputs_of(problem: str, rows: int) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Target, outputs and decision of rows that have everything which can be measured."""
    generator = np.random.default_rng(5)
    if problem == "multiclass":
        target = generator.integers(0, 3, rows).astype(np.float64)
        raw = generator.uniform(size=(rows, 3)) + (target[:, None] == np.arange(3))
        return target, (raw / raw.sum(axis=1, keepdims=True)).astype(np.float32), {}
    if problem == "regression":
        target = generator.normal(size=rows)
        return target, (target + generator.normal(size=rows)).astype(np.float32), {}
    if problem == "clustering":
        return np.full(rows, np.nan), generator.uniform(0, 9, size=(rows, 4)).astype(np.float32), {}
    target = (np.arange(rows) % 2).astype(np.float64)
    return target, generator.uniform(size=rows).astype(np.float32), {"threshold": 0.5}


@pytest.mark.parametrize("problem", sorted(PROBLEMS))
def test_a_resample_is_measured_like_the_rows_it_repeats(problem: str) -> None:
    generator = np.random.default_rng(5)
    target, outputs, decision = outputs_of(problem, 240)
    counts = generator.multinomial(240, np.full(240, 1 / 240), size=2)
    drawn = np.repeat(np.arange(240), counts[1])
    found = PROBLEMS[problem].measure_resamples(target, outputs, decision, use_case(problem), counts.astype(np.float64))
    repeated = PROBLEMS[problem].measure(target[drawn], outputs[drawn], decision, use_case(problem))
    assert {name: values[1] for name, values in found.items()} == pytest.approx(
        repeated, rel=LINEARISED if problem in {"multiclass", "clustering"} else 1e-9
    )
