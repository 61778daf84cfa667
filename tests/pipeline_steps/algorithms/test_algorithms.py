"""What every algorithm that fits a target keeps, whatever the target's likelihood."""

from functools import cache

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import FittedModel
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.registry import REGISTRY, algorithm_named
from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.problems.problem import Likelihood, Outputs
from tests.pipeline_steps.algorithms.tables import CLASSES, OUTPUTS, loss, table, task, with_gaps

FEW_ROUNDS = {
    "linear": {},
    "xgboost": {"num_round": "40", "eta": "0.2"},
    "lightgbm": {"num_iterations": "40", "learning_rate": "0.2"},
    "random_forest": {"trees": "30"},
    "mlp": {"hidden_units": "16", "epochs": "60", "learning_rate": "0.02"},
}
ROUNDS = {name: entry.rounds for name, entry in REGISTRY.items() if entry.rounds}
TARGETED: tuple[Likelihood, ...] = ("bernoulli", "categorical", "normal")
every_algorithm = pytest.mark.parametrize("algorithm", FEW_ROUNDS)
every_likelihood = pytest.mark.parametrize("likelihood", TARGETED)


def fit(algorithm: str, likelihood: Likelihood, *, seed: int = 0, held_out: bool = True, **given: str) -> FittedModel:
    values = parse_hyperparameters({"algorithm": algorithm, **FEW_ROUNDS[algorithm], **given}).values
    return algorithm_named(algorithm).fit(
        task(likelihood, seed=seed),
        table(likelihood),
        table(likelihood, rows=100) if held_out else None,
        values,
        log=str,
    )


@cache
def fitted(algorithm: str, likelihood: Likelihood) -> FittedModel:
    """The same model again, for tests that only read it."""
    return fit(algorithm, likelihood)


def exported(model: FittedModel, likelihood: Likelihood, features: NDArray[np.float32]) -> Outputs:
    session = onnxruntime.InferenceSession(model.graph())
    assert [output.name for output in session.get_outputs()] == [OUTPUTS[likelihood]]
    outputs: Outputs = session.run(None, {"features": features})[0]
    return outputs


@every_likelihood
@every_algorithm
def test_it_learns_and_its_graph_gives_what_it_gives(algorithm: str, likelihood: Likelihood) -> None:
    model, test = fitted(algorithm, likelihood), table(likelihood, rows=400, seed=1)
    outputs = model.predict(test.features)
    naive = {
        "bernoulli": np.full(len(test), table(likelihood).target.mean()),
        "categorical": np.full((len(test), CLASSES), 1 / CLASSES),
        "normal": np.full(len(test), table(likelihood).target.mean()),
    }[likelihood]
    assert outputs.dtype == np.float32
    assert outputs.shape == naive.shape
    assert loss(likelihood, test.target, outputs) < 0.8 * loss(likelihood, test.target, naive)
    rows = with_gaps(test.features)
    own = model.predict(rows)
    np.testing.assert_allclose(exported(model, likelihood, rows), own, rtol=2e-6, atol=1e-6 * np.abs(own).max())


@every_likelihood
@every_algorithm
def test_one_seed_gives_one_model(algorithm: str, likelihood: Likelihood) -> None:
    assert fit(algorithm, likelihood).graph() == fitted(algorithm, likelihood).graph()


@every_algorithm
def test_balanced_classes_raise_the_probability_of_the_rare_one(algorithm: str) -> None:
    rows = table("bernoulli", rows=400, seed=1).features
    plain, balanced = fitted(algorithm, "bernoulli"), fit(algorithm, "bernoulli", class_weight="balanced")
    assert balanced.predict(rows).mean() > plain.predict(rows).mean() + 0.02


@every_algorithm
def test_classes_are_balanced_only_where_the_target_has_classes(algorithm: str) -> None:
    with pytest.raises(ArgumentError, match="class_weight must be none where the target is no class, got balanced"):
        fit(algorithm, "normal", class_weight="balanced")


@pytest.mark.parametrize("algorithm", ["linear", "xgboost", "lightgbm"])
def test_a_count_is_never_predicted_below_zero(algorithm: str) -> None:
    values = parse_hyperparameters({"algorithm": algorithm, **FEW_ROUNDS[algorithm], "family": "poisson"}).values
    rows = table("normal")
    counts = np.random.default_rng(0).poisson(np.exp((rows.target - 1000) / 300)).astype(np.float64)
    counted = type(rows)(rows.features, counts)
    model = algorithm_named(algorithm).fit(task("normal"), counted, counted, values, log=str)
    outputs = model.predict(with_gaps(rows.features))
    assert outputs.min() > 0
    assert outputs[: len(counts)].mean() == pytest.approx(counts.mean(), rel=0.15)
    np.testing.assert_allclose(exported(model, "normal", with_gaps(rows.features)), outputs, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["linear", "xgboost", "lightgbm"])
def test_the_family_is_that_of_a_number(algorithm: str) -> None:
    with pytest.raises(ArgumentError, match="family must be normal where the target is no number, got poisson"):
        fit(algorithm, "bernoulli", family="poisson")


@pytest.mark.parametrize("likelihood", ["bernoulli", "normal"])
@pytest.mark.parametrize("algorithm", ["xgboost", "lightgbm"])
def test_a_monotone_column_never_lowers_the_output(algorithm: str, likelihood: Likelihood) -> None:
    free, held = fitted(algorithm, likelihood), fit(algorithm, likelihood, monotone="-income")
    rows = np.repeat(table(likelihood, rows=20, seed=2).features, 50, axis=0)
    rows[:, 0] = np.tile(np.linspace(20_000, 80_000, 50, dtype=np.float32), 20)
    rising, falling = (np.diff(model.predict(rows).reshape(20, 50), axis=1).max() for model in (free, held))
    assert rising > 0
    assert falling <= 0


@pytest.mark.parametrize("algorithm", ["xgboost", "lightgbm"])
def test_a_monotone_column_must_be_a_number_of_the_table(algorithm: str) -> None:
    with pytest.raises(ArgumentError, match="monotone must name columns of numbers, got 'town'; there are 'income'"):
        fit(algorithm, "bernoulli", monotone="+town")
    with pytest.raises(ArgumentError, match="monotone must be left out where the target has several classes"):
        fit(algorithm, "categorical", monotone="+income")


@pytest.mark.parametrize("algorithm", ["xgboost", "lightgbm"])
def test_held_out_rows_say_when_to_stop(algorithm: str) -> None:
    rounds = {ROUNDS[algorithm]: "400", "early_stopping_rounds": "10"}
    stopped = fit(algorithm, "bernoulli", **rounds).best_iteration
    assert stopped is not None
    assert stopped < 300
    assert fit(algorithm, "bernoulli", held_out=False, **rounds).best_iteration == 399


@pytest.mark.parametrize("algorithm", ["xgboost", "lightgbm"])
def test_an_ensemble_averages_models_of_different_seeds(algorithm: str) -> None:
    rows = with_gaps(table("categorical", rows=50, seed=1).features)
    model = fit(algorithm, "categorical", ensemble_size="3")
    outputs = model.predict(rows)
    assert not np.allclose(outputs, fitted(algorithm, "categorical").predict(rows), atol=1e-4)
    np.testing.assert_allclose(exported(model, "categorical", rows), outputs, atol=1e-6)


@pytest.mark.parametrize("likelihood", TARGETED)
def test_a_linear_model_chooses_a_strong_penalty_where_there_is_nothing_to_learn(likelihood: Likelihood) -> None:
    lines: list[str] = []
    rows = table(likelihood)
    shuffled = type(rows)(rows.features, np.random.default_rng(0).permutation(rows.target))
    values = parse_hyperparameters({"algorithm": "linear"}).values
    for given in (rows, shuffled):
        algorithm_named("linear").fit(task(likelihood), given, None, values, log=lines.append)
    informed, uninformed = (float(line.split()[1].strip(",")) for line in lines)
    assert informed < 0.5 < uninformed


def test_lasso_leaves_out_what_does_not_matter() -> None:
    rows = table("normal", rows=50, seed=1).features
    noisy = rows.copy()
    noisy[:, 2] += 5
    ridge, lasso = (fit("linear", "normal", alpha="0.1", l1_ratio=share) for share in ("0", "1"))
    assert not np.allclose(ridge.predict(noisy), ridge.predict(rows))
    np.testing.assert_array_equal(lasso.predict(noisy), lasso.predict(rows))


def test_a_count_that_is_negative_is_refused() -> None:
    rows = table("normal")
    values = parse_hyperparameters({"algorithm": "linear", "family": "poisson"}).values
    with pytest.raises(DataError, match="a target of family poisson must not be negative, got -"):
        algorithm_named("linear").fit(
            task("normal"), type(rows)(rows.features, rows.target - 5000), None, values, log=str
        )


@pytest.mark.parametrize("absent", range(CLASSES))
@every_algorithm
def test_a_class_that_training_lacks_is_never_predicted(algorithm: str, absent: int) -> None:
    rows, test = table("categorical"), table("categorical", rows=100, seed=1)
    values = parse_hyperparameters({"algorithm": algorithm, **FEW_ROUNDS[algorithm]}).values
    known, held_out = (some.only(some.target != absent) for some in (rows, test))
    model = algorithm_named(algorithm).fit(task("categorical"), known, held_out, values, log=str)
    outputs = model.predict(test.features)
    others = np.delete(outputs, absent, axis=1)
    assert (outputs[:, absent] < others.max(axis=1)).mean() > 0.95
    assert others.argmax(axis=1).std() > 0
    np.testing.assert_allclose(exported(model, "categorical", test.features), outputs, atol=1e-6)
