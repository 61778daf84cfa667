"""A linear model's coefficients say what it computes."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.training import TrainedModel, train_model
from pipeline_steps.tables.prepared import Split
from pipeline_steps.tables.use_case import Column, UseCase

COLUMNS = (Column("spend", "number"), Column("age", "number"), Column("town", "category"))
KINDS: Mapping[str, Mapping[str, Any]] = {
    "binary": {"target": "bought", "metric": "auc", "positive_label": "yes", "classes": ("no", "yes")},
    "multiclass": {"target": "kind", "metric": "log_loss", "classes": ("a", "b", "c")},
    "regression": {"target": "amount", "metric": "rmse"},
}
ANSWERS: Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "binary": lambda sums: 1 / (1 + np.exp(-sums[:, 0])),
    "multiclass": lambda sums: np.exp(sums) / np.exp(sums).sum(axis=1, keepdims=True),
    "regression": lambda sums: sums[:, 0],
    "poisson": lambda sums: np.exp(sums[:, 0]),
}


def rows(problem: str, count: int = 150, *, seed: int = 0) -> Split:
    rng = np.random.default_rng(seed)
    spend, age = rng.lognormal(2, 2, count), rng.normal(40, 9, count)
    town = rng.choice(["Ulm", "Bonn", ""], count).astype(object)
    signal = (np.log(spend) - 2) / 2 + (town == "Ulm") + 0.5 * rng.normal(size=count)
    age[::7] = np.nan
    target = {"binary": (signal > 0).astype(float), "multiclass": np.digitize(signal, [-1, 1]).astype(float)}
    return Split(pd.DataFrame({"spend": spend, "age": age, "town": town}), target.get(problem, np.exp(signal).round()))


def trained(problem: str, **hyperparameters: str) -> TrainedModel:
    given = parse_hyperparameters({"algorithm": "linear", "alpha": "0.01", **hyperparameters})
    use_case = UseCase(problem=problem, columns=COLUMNS, **KINDS[problem])
    return train_model(use_case, rows(problem), rows(problem, seed=1), given, log=str)


def encoded(term: Mapping[str, Any], features: pd.DataFrame) -> NDArray[np.float64]:
    values = features[term["column"]]
    if term["term"] == "category":
        return (values.replace("", "missing") == term["category"]).to_numpy(dtype=np.float64)
    if term["term"] == "missing":
        return values.isna().to_numpy(dtype=np.float64)
    numbers = values.fillna(rows("binary").features["age"].median()).to_numpy(dtype=np.float64)
    if term["term"] == "logarithm":
        numbers = np.log1p(numbers / term["unit"])
    return (numbers - term["mean"]) / term["deviation"]


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_listed_coefficients_give_the_models_outputs(kind: str) -> None:
    problem, more = ("regression", {"family": "poisson"}) if kind == "poisson" else (kind, {})
    model, asked = trained(problem, **more), rows(problem, seed=2).features
    found = model.metrics_document()["coefficients"]
    outputs = list(found["intercepts"])
    sums = np.tile(np.array(list(found["intercepts"].values())), (len(asked), 1))
    for term in found["terms"]:
        sums[:, outputs.index(term["output"])] += term["coefficient"] * encoded(term, asked)
    assert found["left_out"] == 0
    assert {term["term"] for term in found["terms"]} == {"number", "logarithm", "missing", "category"}
    predicted = model.model.predict(
        np.stack(
            [column.encode_values(asked[column.name].to_numpy()) for column in model.contract.columns], axis=1
        ).astype(np.float32)
    )
    np.testing.assert_allclose(ANSWERS[kind](sums), predicted, rtol=1e-4, atol=1e-5)


def test_words_say_what_a_coefficient_does() -> None:
    strongest = trained("binary").metrics_document()["coefficients"]["terms"]
    sizes = [abs(term["coefficient"]) for term in strongest]
    assert sizes == sorted(sizes, reverse=True)
    (ulm,) = (term for term in strongest if term["category"] == "Ulm")
    assert ulm["words"] == f"town is Ulm: the odds of yes are multiplied by {np.exp(ulm['coefficient']):.3g}"
    (spend,) = (term for term in strongest if term["term"] == "logarithm")
    assert spend["words"].startswith(f"log(1 + spend / {spend['unit']:.3g}) higher by ")
    assert "one standard deviation: the odds of yes are multiplied by " in spend["words"]


def test_a_date_is_later_by_days_and_its_parts_are_named_by_month_or_weekday() -> None:
    days = np.arange(0, 1460, 5, dtype=np.float64)  # from 2000-01-01, a Saturday
    split = Split(pd.DataFrame({"when": days}), np.where(days % 7 == 0, 9.0, 1.0))
    use_case = UseCase("regression", (Column("when", "datetime"),), target="y", metric="rmse")
    given = parse_hyperparameters({"algorithm": "linear", "alpha": "0.001"})
    found = train_model(use_case, split, split, given, log=str).metrics_document()["coefficients"]
    assert found["terms"][0]["words"].startswith("when: weekday is Saturday: y is higher by ")
    assert [each["change"] for each in found["terms"] if each["column"] == "when"] == [
        "when later by 421 days, one standard deviation"
    ]


def test_at_most_200_are_listed_and_the_others_counted() -> None:
    count = 250
    numbers = np.random.default_rng(0).normal(size=(60, count))
    split = Split(pd.DataFrame(numbers, columns=[f"x{place}" for place in range(count)]), numbers[:, 7])
    use_case = UseCase(
        "regression", tuple(Column(name, "number") for name in split.features), target="y", metric="rmse"
    )
    given = parse_hyperparameters({"algorithm": "linear", "alpha": "1"})
    found = train_model(use_case, split, split, given, log=str).metrics_document()["coefficients"]
    assert (len(found["terms"]), found["left_out"]) == (200, 50)
    assert found["terms"][0]["column"] == "x7"


def test_a_model_that_is_not_linear_has_none() -> None:
    use_case = UseCase(problem="binary", columns=COLUMNS, **KINDS["binary"])
    given = parse_hyperparameters({"algorithm": "xgboost", "num_round": "2"})
    found = train_model(use_case, rows("binary"), rows("binary", seed=1), given, log=str)
    assert found.metrics_document()["coefficients"] is None
