"""Folds inside a training job: rows that a model has not seen choose the decision and are measured."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.algorithms.folds import deal_folds
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import TrainedModel, train_model
from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, SplitPlan, UseCase
from tests.pipeline_steps.algorithms.tables import NAMES, table

LIKELIHOODS: dict[str, Any] = {"binary": "bernoulli", "multiclass": "categorical", "regression": "normal"}
CLASSES = {"binary": ("no", "yes"), "multiclass": ("a", "b", "c"), "regression": ()}
every_problem = pytest.mark.parametrize("problem", LIKELIHOODS)


def use_case(problem: str, *, folds: int = 4) -> UseCase:
    kinds = {name: "category" if name == "town" else "number" for name in NAMES}
    return UseCase(
        problem=problem,
        columns=tuple(Column(name, kind) for name, kind in kinds.items()),  # type: ignore[arg-type]
        target="target",
        metric={"binary": "auc", "multiclass": "accuracy", "regression": "rmse"}[problem],
        positive_label="yes" if problem == "binary" else None,
        folds=folds,
        classes=CLASSES[problem],
    )


def split(problem: str, rows: int, *, seed: int = 0) -> Split:
    made = table(LIKELIHOODS[problem], rows, seed=seed)
    columns: dict[str, Any] = dict(zip(NAMES, made.features.astype(np.float64).T, strict=True))
    towns = columns["town"]
    columns["town"] = np.where(np.isnan(towns), "", np.array(["A", "B", "C", "D"])[np.nan_to_num(towns).astype(int)])
    return Split(pd.DataFrame(columns), made.target)


def train(case: UseCase, *, log: Callable[[str], None] = str, rows: int = 160, **given: str) -> TrainedModel:
    hyperparameters = {"algorithm": "xgboost", "num_round": "60", "eta": "0.2", **given}
    splits = split(case.problem, rows), split(case.problem, rows // 4, seed=1)
    return train_model(case, *splits, parse_hyperparameters(hyperparameters), log=log)


@every_problem
def test_the_model_is_fitted_on_all_rows_and_measured_on_rows_that_its_models_had_not_seen(problem: str) -> None:
    trained = train(use_case(problem))
    assert len(trained.fitted) == len(trained.validation) == len(trained.validation_outputs) == 200
    seen = trained.model.predict(trained.validation_features)
    assert not np.allclose(seen, trained.validation_outputs, rtol=0.01)
    metric = use_case(problem).metric
    better = min if metric == "rmse" else max
    document = trained.metrics_document()
    assert better(document["train"][metric], document["validation"][metric]) == document["train"][metric]


@every_problem
def test_the_metrics_are_the_means_of_the_folds_and_their_deviations_are_there(problem: str) -> None:
    document = train(use_case(problem)).metrics_document()
    for part in ("train", "validation"):
        for name, value in document[part].items():
            assert value == pytest.approx(np.mean([fold[part][name] for fold in document["folds"]]))
    for name, deviation in document["validation_deviation"].items():
        assert deviation == pytest.approx(np.std([fold["validation"][name] for fold in document["folds"]], ddof=1))
    assert len(document["folds"]) == 4
    assert document["validation_deviation"]


def test_the_model_has_the_median_of_the_folds_best_rounds() -> None:
    lines: list[str] = []
    trained = train(use_case("binary"), log=lines.append, num_round="300", early_stopping_rounds="5")
    assert {line.split(":")[0] for line in lines} == {f"fold {fold} of 4" for fold in (1, 2, 3, 4)}
    assert trained.model.best_iteration is not None
    assert 0 < trained.model.best_iteration < 100


@pytest.mark.parametrize("algorithm", ["linear", "lightgbm", "random_forest"])
def test_every_algorithm_can_be_cross_validated(algorithm: str) -> None:
    few = {"trees": "20"} if algorithm == "random_forest" else {}
    case, parameters = use_case("binary", folds=2), parse_hyperparameters({"algorithm": algorithm, **few})
    first, again = (
        train_model(case, split("binary", 120), split("binary", 40, seed=1), parameters, log=str) for _ in range(2)
    )
    assert first.model.graph() == again.model.graph()
    assert first.metrics_document() == again.metrics_document()
    assert first.validation_metrics["auc"] > 0.7


def test_without_folds_only_the_training_rows_are_fitted() -> None:
    trained = train(use_case("binary", folds=0))
    assert (len(trained.fitted), len(trained.validation)) == (160, 40)
    assert "folds" not in trained.metrics_document()


def test_equal_rows_are_held_out_together() -> None:
    alike = np.repeat(np.arange(50), 4)
    folds = deal_folds(np.repeat([0, 1], 100), 5, seed=0, alike=alike)
    assert all(len(set(folds[alike == number])) == 1 for number in range(50))
    assert np.bincount(folds).tolist() == [40, 40, 40, 40, 40]


def test_every_fold_has_its_share_of_each_stratum_and_a_rare_one_stays_in_all() -> None:
    strata = np.repeat([0, 1, 2], [90, 11, 2])
    folds = deal_folds(strata, 3, seed=0)
    assert np.bincount(folds[strata == 0]).tolist() == [30, 30, 30]
    assert sorted(np.bincount(folds[strata == 1]).tolist()) == [3, 4, 4]
    assert set(folds[strata == 2]) == {-1}


@pytest.mark.parametrize("method", ["time", "group"])
def test_rows_that_belong_together_are_not_separated(method: Any) -> None:
    case = replace(use_case("binary"), split=SplitPlan(method=method, column="when"))
    with pytest.raises(ArgumentError, match=f"folds must be left out with split method {method}"):
        train(case)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="rows must be enough for 20 folds, got 10"):
        train(use_case("binary", folds=20), rows=8)


def test_an_algorithm_of_another_problem_is_refused() -> None:
    with pytest.raises(ArgumentError, match=r"algorithm must be one of linear, .* mlp for binary, got k_means"):
        train_model(
            use_case("binary"),
            split("binary", 80),
            split("binary", 40),
            parse_hyperparameters({"algorithm": "k_means"}),
            log=str,
        )
