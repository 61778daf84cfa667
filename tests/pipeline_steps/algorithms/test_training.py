import numpy as np
import pandas as pd
import pytest

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import train_model
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, UseCase


def related(rows: int, *, seed: int) -> Split:
    """Rows without labels, whose columns say the same."""
    generator = np.random.default_rng(seed)
    level = generator.integers(0, 3, rows)
    numbers = {name: 10.0 * level + generator.normal(size=rows) for name in ("x", "y")}
    return Split(pd.DataFrame(numbers), np.full(rows, np.nan))


@pytest.mark.parametrize(("problem", "algorithm"), [("anomaly", "isolation_forest"), ("clustering", "k_means")])
def test_without_labels_every_metric_is_measured_and_the_outputs_are_of_the_validation_rows(
    problem: str, algorithm: str
) -> None:
    use_case = UseCase(problem, tuple(Column(name, "number") for name in ("x", "y")), target=None, metric="")
    given = {"algorithm": algorithm} | ({"clusters": "3"} if algorithm == "k_means" else {})
    splits = related(300, seed=0), related(100, seed=1)
    trained = train_model(use_case, *splits, parse_hyperparameters(given), log=str)
    for found in (trained.train_metrics, trained.validation_metrics):
        assert set(problem_named(problem).metrics) <= set(found)
        assert found.get("auc", 1) > 0.6
    assert len(trained.validation_outputs) == 100


@pytest.mark.parametrize("folds", [0, 2])
@pytest.mark.parametrize("algorithm", ["xgboost", "linear"])
def test_a_model_learns_from_the_parts_of_a_date_and_takes_the_date(algorithm: str, folds: int) -> None:
    def dated(rows: int, *, seed: int) -> Split:
        days = np.random.default_rng(seed).integers(0, 3000, rows).astype(np.float64)
        return Split(pd.DataFrame({"day": days}), ((days + 5) % 7 >= 5).astype(np.float64))  # 2000-01-01 is a Saturday

    use_case = UseCase(
        "binary", (Column("day", "datetime"),), "weekend", "auc", "yes", folds=folds, classes=("no", "yes")
    )
    hyperparameters = parse_hyperparameters({"algorithm": algorithm})
    trained = train_model(use_case, dated(300, seed=0), dated(60, seed=1), hyperparameters, log=str)
    assert trained.validation_metrics["auc"] > 0.95
    assert trained.validation_features.shape[1] == 1
    exported = Scorer(trained.model.graph(), "score").score(trained.validation_features)
    np.testing.assert_allclose(exported, trained.model.predict(trained.validation_features), atol=1e-6)
