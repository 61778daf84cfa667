"""What every method of the recipe keeps, and what the recipe as a whole does."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline_steps.algorithms.hyperparameters import Hyperparameters, parse_hyperparameters
from pipeline_steps.algorithms.training import TrainedModel, train_model
from pipeline_steps.algorithms.trial import Fit, PreparedModel, Trial
from pipeline_steps.artifact.contract import encode_table
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.errors import ArgumentError, StepError
from pipeline_steps.features.method import Sample
from pipeline_steps.features.outliers import METHODS as OUTLIERS
from pipeline_steps.tables.prepared import Split
from tests.pipeline_steps.features.methods import CASES, FUNCTIONS, Case, FittedCase, fit, rule, table, use_case

LINEAR = {"algorithm": "linear", "alpha": "0.01"}


def train(
    features: Mapping[str, Any], given: Mapping[str, str] = LINEAR, *, problem: str = "binary", **splits: Split
) -> TrainedModel:
    rows = {"train": table(problem=problem), "validation": table(80, seed=1, problem=problem), **splits}
    case = use_case(features, problem=problem)
    return train_model(case, rows["train"], rows["validation"], parse_hyperparameters(given), log=str)


def extreme(rows: Split) -> Split:
    """These rows, and others with missing, unknown, huge and zero values."""
    strange = rows.features.head(6).copy()
    for name in ("amount", "size", "gap"):
        strange[name] = [np.nan, 0.0, -1e6, 1e6, -1.0, 1e30]
    strange["shop"] = ["", "never seen", "odd", "north", "west", ""]
    return Split(pd.concat([rows.features, strange], ignore_index=True), np.zeros(len(rows) + 6))


class Method:
    """A method's case, fitted once on training rows alone, and trained once with rows held out."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def alone(self) -> Fit:
        trial = Trial(use_case(self.case.features), parse_hyperparameters(LINEAR), log=str)
        return trial.fit(table(), None)

    @cached_property
    def fitted(self) -> FittedCase:
        assert isinstance(self.alone.model, PreparedModel)
        return FittedCase(self.alone.columns, self.alone.model.prepared, self.alone.rows)

    @cached_property
    def trained(self) -> TrainedModel:
        other = table(80, seed=9)
        return train(self.case.features, validation=Split(other.features.assign(amount=1e6, shop="new"), other.target))


@pytest.fixture(scope="module", params=list(CASES.values()), ids=list(CASES))
def method(request: pytest.FixtureRequest) -> Method:
    return Method(request.param)


def test_it_has_its_effect(method: Method) -> None:
    others = (fit(method.case.features, problem=problem) for problem in method.case.problems[1:])
    for fitted in (method.fitted, *others):
        assert method.case.effect(fitted.train.features, fitted.made(), fitted)


def test_its_nodes_give_what_the_library_gives(method: Method) -> None:
    fitted = method.fitted
    encoded = encode_table(fitted.columns, extreme(table(50, seed=2)).features)
    recipe, matrix = fitted.prepared.recipe, fitted.prepared.dates.matrix(encoded)
    assert recipe is not None
    with np.errstate(over="ignore"):
        expected = recipe.nodes.fitted.transform(matrix.astype(np.float64)).astype(np.float32)
    expected[~np.isfinite(expected)] = np.nan
    np.testing.assert_allclose(recipe.nodes.matrix(matrix), expected, rtol=1e-6, atol=1e-6)


def test_rows_that_are_held_out_change_nothing(method: Method) -> None:
    assert method.trained.model.graph() == method.alone.model.graph()
    assert method.trained.contract.columns == method.alone.columns


def test_the_exported_graph_of_a_model_has_the_recipe_in_it(method: Method) -> None:
    trained = method.trained
    encoded = trained.contract.encode(extreme(table(60, seed=3)).features)
    exported = Scorer(trained.model.graph(), "score").score(encoded)
    np.testing.assert_allclose(exported, trained.model.predict(encoded), atol=1e-6)
    assert encoded.shape[1] == len(trained.contract.columns)
    assert trained.features is not None


EVERYTHING = {
    "numbers": {
        "missing": "median",
        "missing_indicator": True,
        "outliers": {"detect": "iqr", "treat": "drop", "factor": 3},
        "scale": "standard",
    },
    "categories": {"encode": "target"},
    "rules": [
        {"columns": ["amount"], "transform": "log1p", "outliers": "iqr"},
        {"columns": ["day*"], "missing": "median"},
        {"columns": ["member"], "encode": "one_hot"},
    ],
    "derived": {"ratios": [["amount", "gap"]]},
    "extract": {"pca": {"components": 2, "keep": True}},
    "select": {"method": "k_best", "k": 9},
}


@pytest.mark.parametrize(("problem", "folds"), [("binary", 0), ("binary", 3), ("multiclass", 0), ("regression", 0)])
def test_a_recipe_of_all_stages_trains_and_exports(problem: str, folds: int) -> None:
    case = use_case(EVERYTHING, problem=problem, folds=folds)
    rows = table(160, problem=problem), table(80, seed=1, problem=problem)
    lines: list[str] = []
    trained = train_model(case, *rows, parse_hyperparameters(LINEAR), log=lines.append)
    made = trained.metrics_document()["features"]
    assert made["dropped_rows"] > 0
    assert len(made["columns"]) == 9
    assert f" columns become 9, and {made['dropped_rows']} of {240 if folds else 160} training rows " in lines[-1]
    encoded = trained.contract.encode(extreme(table(60, seed=3)).features)
    exported = Scorer(trained.model.graph(), trained.contract.problem.output).score(encoded)
    np.testing.assert_allclose(exported, trained.model.predict(encoded), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encode", ["target", {"method": "similar", "rare_rows": 1}])
def test_each_fold_fits_the_recipe_anew(encode: Any) -> None:
    """A target that is noise: category means learnt from held-out rows would seem to predict it."""
    rows = table(300)
    generator = np.random.default_rng(3)
    shops = generator.choice([f"shop {number}" for number in range(25)], 300).astype(object)
    noise = Split(rows.features.assign(shop=shops), generator.integers(0, 2, 300).astype(float))
    case = use_case({"categories": {"encode": encode}}, folds=3)
    halves = (Split(noise.features.iloc[rows].reset_index(drop=True), noise.target[rows]) for rows in (_HEAD, _TAIL))
    trained = train_model(case, *halves, parse_hyperparameters(LINEAR), log=str)
    assert abs(trained.validation_metrics["auc"] - 0.5) < 0.12


_HEAD, _TAIL = slice(0, 150), slice(150, 300)


def test_without_a_recipe_the_graph_has_no_further_node() -> None:
    plain = train({})
    assert b"recipe/" not in plain.model.graph()
    assert "features" not in plain.metrics_document()


@pytest.mark.parametrize("problem", ["clustering", "anomaly"])
def test_stages_that_see_no_target_need_none(problem: str) -> None:
    features = {**EVERYTHING, "categories": {"encode": "frequency"}, "select": "variance"}
    made = fit(features, problem=problem).made()
    assert {"shop: share", "amount / gap", "component 1"} <= made.keys()
    assert all(np.isfinite(made[name]).all() for name in ("shop: share", "component 1"))


def test_the_last_rule_wins_and_none_switches_a_stage_off() -> None:
    rules = [
        {"columns": ["*"], "scale": "min_max"},
        {"columns": ["am?unt", "size"], "scale": "standard"},
        {"columns": ["size"], "scale": "none"},
    ]
    fitted = fit({"rules": rules})
    made = fitted.made()
    assert (made["gap"][~np.isnan(made["gap"])].min(), abs(made["amount"].mean()) < 1e-6) == (0, True)
    assert (made["size"] == fitted.train.features["size"].astype(np.float32)).all()
    assert made["day: day"].max() == 1


def test_dates_and_booleans_are_touched_by_rules_alone() -> None:
    defaults = {"numbers": {"scale": "min_max"}, "categories": {"encode": "one_hot"}}
    assert {"member", "day", "day: month", "day: weekday", "day: day"} <= set(fit(defaults).names)
    named = fit(rule(["day: weekday"], encode="one_hot")).names
    assert "day: weekday: Saturday" in named


@pytest.mark.parametrize(
    ("features", "error"),
    [
        (
            rule(["size"], transform="log1p"),
            "features: transform log1p must have values above -1 in training, got -4.46122 in column size",
        ),
        (rule(["size"], transform="square_root"), "square_root must have values of 0 or more in training, got -0."),
        (rule(["gap"], transform="log"), "transform log must have values above 0 in training, got 0 in column gap"),
        (rule(["gap"], transform="reciprocal"), "must have values other than 0 in training, got 0 in column gap: cho"),
        (rule(["amount"], transform="exponential"), "exponential must have values of at most 88 in training, got "),
        (
            rule(["size"], transform={"method": "power", "exponent": 0.5}),
            "transform power must have values of 0 or more in training",
        ),
        (
            {"numbers": {"outliers": {"detect": "dbscan", "treat": "cap"}}},
            "treat must be drop with dbscan, whose outliers are rows and not values, got cap",
        ),
        (
            {"derived": {"differences": [["amount", "size"]]}, "numbers": {"outliers": "elliptic_envelope"}},
            "outliers elliptic_envelope must have rows that it can compare, got 160 of 4 columns: The covariance",
        ),
        (rule(["sise"], transform="log1p"), "features.rules.0.columns must name feature columns, got sise"),
        (rule(["shop"], scale="none"), "features.rules.0.scale must be left out: it is for numbers, got shop"),
        (rule(["size"], scale="largest"), "features scale must be one of none, standard"),
        (rule(["size"], bins={"method": "quantile", "many": 2}), "features bins quantile does not take these options"),
        (
            rule(["size"], bins={"method": "edges", "edges": [0, 1], "labels": ["low"]}),
            "features bins edges must have one label more than edges, 3, got 1: low",
        ),
        (rule(["size"], bins="edges"), "features bins edges does not take these options: GivenBins.__init__() missing"),
        (
            rule(["shop"], encode={"method": "ordinal", "order": ["north", "west", "east", "sout"]}),
            "encode ordinal must have every category of column shop in its order, got none for south",
        ),
        ({"derived": {"ratios": [["size", "shop"]]}}, "features.derived.ratios must name columns of numbers, got shop"),
        (
            rule(["size"], outliers={"detect": "iqr", "treat": "drop", "factor": -1}),
            "features: outliers must leave training rows, got all 160 dropped",
        ),
    ],
)
def test_a_recipe_that_cannot_be_fitted_is_refused_in_one_line(features: Mapping[str, Any], error: str) -> None:
    with pytest.raises(StepError) as caught:
        fit(features)
    assert error in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("problem", "encode"), [("clustering", "target"), ("anomaly", "similar"), ("clustering", "target_rank")]
)
def test_what_needs_a_target_is_refused_without_one(problem: str, encode: str) -> None:
    with pytest.raises(StepError, match="encode must be one_hot, ordinal, frequency or none where nothing is pred"):
        fit({"categories": {"encode": encode}}, problem=problem)
    with pytest.raises(StepError, match="must be variance or correlation where nothing is predicted, got k_best"):
        fit({"select": "k_best"}, problem=problem)


@pytest.mark.parametrize(
    "transform",
    [*FUNCTIONS, "log1p", *({"method": "power", "exponent": exponent} for exponent in (1.5, -0.5, -2, 10)), "quantile"],
)
def test_a_request_outside_of_a_functions_domain_gets_the_nearest_training_rows_number(transform: Any) -> None:
    column = "size" if transform == "exponential" else "amount"
    fitted = fit(rule([column], transform=transform))
    made, training = fitted.made(extreme(table(20)))[column], fitted.made()[column]
    assert np.isnan(made).sum() == 1
    if transform in ("log", "log1p"):
        assert made[-4] == made[-2] == training.min()
    if transform == "reciprocal":
        assert made[-5] == training.max()


def test_rows_are_compared_by_all_columns_with_one_detector_whatever_else_is_done_to_these() -> None:
    rows = table()
    size = rows.features["size"].to_numpy()
    amount = 2 * size + np.random.default_rng(4).normal(0, 0.3, len(size))
    odd = int(np.argmin(np.abs(size - 2)))
    amount[odd] = -2 * size[odd]  # neither value is far from others by itself
    apart = Split(rows.features.assign(amount=amount), rows.target)
    found = {"outliers": {"detect": "elliptic_envelope", "share": 0.01}}
    rules = [{"columns": ["amount", "size"], **found}, {"columns": ["size"], "scale": "none"}]
    recipe = fit({"rules": rules}, train=apart).prepared.recipe
    assert recipe is not None
    assert not recipe.kept[odd]


@pytest.mark.parametrize("detect", ["dbscan", "one_class_svm"])
def test_more_rows_than_a_detector_can_compare_with_each_other_are_refused(detect: str) -> None:
    sample = Sample((), np.zeros((20_001, 1)), np.zeros(20_001), "bernoulli", 2, 0)
    with pytest.raises(StepError, match=f"{detect} must have at most 20000 training rows.* got 20001: use isolation_f"):
        OUTLIERS[detect]().kept(sample)


def test_directions_follow_the_columns_through_the_recipe() -> None:
    features = rule(["amount"], transform="log1p", scale="standard") | {"numbers": {"missing_indicator": True}}
    given = {"algorithm": "xgboost", "num_round": "20", "monotone": "-amount,+gap"}
    trained = train(features, given)
    rows = np.repeat(trained.validation_features[:10], 40, axis=0)
    rows[:, 0] = np.tile(np.geomspace(0.5, 500, 40, dtype=np.float32), 10)
    assert np.diff(trained.model.predict(rows).reshape(10, 40), axis=1).max() <= 0
    with pytest.raises(ArgumentError, match="whose features grow or fall with them, got amount: amount: below"):
        train(rule(["amount"], bins={"method": "quantile", "output": "one_hot"}), given)
    train(features | {"select": {"method": "k_best", "k": 1}}, given)
    with pytest.raises(ArgumentError, match="monotone must name columns of numbers, got 'colour'"):
        train(features, given | {"monotone": "+colour"})


def test_scaled_numbers_are_not_standardised_again() -> None:
    graphs = {scale: train({"numbers": {"scale": scale}}).model.graph() for scale in ("none", "standard", "min_max")}
    assert len(set(graphs.values())) == len(graphs)
    validation = train({}).validation_features
    penalised = {scale: Scorer(graph, "score").score(validation) for scale, graph in graphs.items()}
    assert np.abs(penalised["none"] - penalised["standard"]).max() > 1e-4


def test_a_hyperparameter_takes_the_place_of_what_the_recipe_has_and_is_kept_with_the_model() -> None:
    bins = rule(["amount"], bins="quantile") | {"numbers": {"scale": "standard"}}
    given = {"features.numbers.scale": "min_max", "features.select": "k_best", "features.select.k": "2"}
    trained, plain = train(bins, {**LINEAR, **given}), train(bins)
    document = trained.hyperparameters.to_document("bernoulli")
    assert given.items() <= document.items()
    assert Hyperparameters.from_document(document) == trained.hyperparameters
    columns = trained.metrics_document()["features"]["columns"]
    assert len(columns) == 2 < len(plain.metrics_document()["features"]["columns"])


@pytest.mark.parametrize("name", ["features.numbers.encode", "features.rules.0", "features.select.k", "features."])
def test_a_hyperparameter_that_leads_nowhere_is_refused(name: str) -> None:
    with pytest.raises(ArgumentError, match=f"hyperparameter {name} must "):
        train({"numbers": {"scale": "standard"}}, {**LINEAR, name: "1"})


_STAGES = {
    "missing": ["median", "most_frequent", "native", {"method": "constant", "value": -1}],
    "outliers": [
        "iqr",
        "isolation_forest",
        {"detect": "z_score", "treat": "transform"},
        {"detect": "iqr", "treat": "drop", "factor": 3},
    ],
    "transform": ["yeo_johnson", "cube_root", {"method": "quantile", "output": "normal"}],
    "bins": ["k_means", *({"method": "quantile", "bins": 3, "output": its} for its in ("ordinal", "one_hot"))],
    "scale": ["standard", "min_max", "max_abs", "robust", "normalise", "none"],
}
_ENCODE = ["one_hot", {"method": "one_hot", "max_categories": 3}, "target", "target_rank", "similar", "frequency"]


def _optional(choices: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from([None, *choices])


@st.composite
def recipes(draw: st.DrawFn) -> dict[str, Any]:
    numbers = {stage: method for stage, some in _STAGES.items() if (method := draw(_optional(some))) is not None}
    found: dict[str, Any] = {"numbers": {**numbers, "missing_indicator": draw(st.booleans())}}
    if encode := draw(_optional(_ENCODE)):
        found["categories"] = {"encode": encode}
    if extract := draw(_optional([{"pca": {"components": 2}}, {"svd": {"keep": True}}, {"polynomial": {}}])):
        found["extract"] = extract
    if select := draw(_optional(["variance", "k_best"])):
        found["select"] = select
    return found


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(recipes(), st.sampled_from(["binary", "multiclass", "regression"]), st.integers(0, 10_000), st.integers(40, 60))
def test_any_recipe_on_any_table_gives_training_and_endpoint_the_same(
    features: dict[str, Any], problem: str, seed: int, rows: int
) -> None:
    trained = train(
        features,
        {"algorithm": "lightgbm", "num_iterations": "5"},
        problem=problem,
        train=table(rows, seed=seed, problem=problem),
        validation=table(rows, seed=seed + 1, problem=problem),
    )
    encoded = trained.contract.encode(extreme(table(40, seed=seed + 2)).features)
    exported = Scorer(trained.model.graph(), trained.contract.problem.output).score(encoded)
    np.testing.assert_allclose(exported, trained.model.predict(encoded), rtol=1e-5, atol=1e-5)
