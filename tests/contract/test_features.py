"""The product has the methods of the recipe that the container takes: names, options and defaults."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

import pytest

from pipeline_steps.features import methods as container
from pipeline_steps.features.text_options import text_options
from pipeline_steps.tables.use_case import UseCase
from slipway.errors import InputError
from slipway.settings import feature_methods as product
from slipway.settings import parse_settings
from slipway.settings.feature_options import Method
from slipway.training import use_case_document
from tests.pipeline_steps.features.methods import CASES
from tests.text_models import vectorised

STAGES = {
    **{name: (product.NUMBER_STAGES[name], container.NUMBER_STAGES[name]) for name in container.NUMBER_STAGES},
    **{name: (product.CATEGORY_STAGES[name], container.CATEGORY_STAGES[name]) for name in container.CATEGORY_STAGES},
    **{name: (product.TEXT_STAGES[name], container.TEXT_STAGES[name]) for name in container.TEXT_STAGES},
    "select": (product.SELECTION, container.SELECTION),
}


def options(methods: Mapping[str, Method]) -> dict[str, dict[str, Any]]:
    return {name: {option: its.default for option, its in method.options.items()} for name, method in methods.items()}


def taken(methods: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: {its.name: _default(its) for its in fields(method)} for name, method in methods.items()}


def _default(option: Field[Any]) -> Any:
    return None if option.default is MISSING else option.default


@pytest.mark.parametrize("stage", STAGES)
def test_methods_options_and_defaults_are_the_containers(stage: str) -> None:
    ours, theirs = STAGES[stage]
    assert options(ours.methods) == taken(theirs.methods)
    assert ours.key == theirs.key


def test_stages_are_the_containers_in_their_order() -> None:
    assert list(product.NUMBER_STAGES) == list(container.NUMBER_STAGES)
    assert list(product.CATEGORY_STAGES) == list(container.CATEGORY_STAGES)
    assert options(product.EXTRACTION) == taken(container.EXTRACTION)
    assert list(product.EXTRACTION) == list(container.EXTRACTION)


def settings_of(features: Mapping[str, Any], *, problem: str = "binary", **sections: Any) -> Any:
    columns = {"amount": "number", "size": "number", "gap": "number", "shop": "category"}
    columns |= {"member": "boolean", "day": "datetime"}
    data = {"target": "bought", "positive_label": "yes", "columns": columns}
    if problem == "clustering":
        data = {"columns": columns}
    document = {"name": "shop", "stage": "dev", "problem": problem, "data": data, "features": features, **sections}
    return parse_settings(document, source="shop.toml")


@pytest.mark.parametrize("features", [case.features for case in CASES.values()], ids=CASES)
def test_the_settings_take_every_recipe_that_the_container_is_tested_with(features: Mapping[str, Any]) -> None:
    found = UseCase.from_document(use_case_document(settings_of(features)))
    assert found.features
    assert set(found.features) == set(features)


@pytest.mark.parametrize(
    ("features", "error"),
    [
        (vectorised(buckets=100), "vectorise.buckets must be a power of two in 16..512, got 100"),
        (vectorised(longest=5), "vectorise.longest must be in 1..4 with ngrams words, got 5"),
        (vectorised(shortest=3, longest=2), "vectorise.shortest must be at most longest, which is 2, got 3"),
        ({"texts": {"vectorise": "embedding"}}, "vectorise must be one of none, hashed_ngrams"),
        ({"rules": [{"columns": ["amount"], "vectorise": "none"}]}, "vectorise must be left out: it is for texts"),
        ({"rules": [{"columns": ["letter"], "scale": "standard"}]}, "scale must be left out: it is for numbers"),
        (vectorised(buckets=512), "must have at most 2048 buckets for all texts together, got 2560"),
    ],
)
def test_wrong_settings_of_texts_are_named(features: Mapping[str, Any], error: str) -> None:
    columns = {"amount": "number", **dict.fromkeys(("letter", "a", "b", "c", "d"), "text")}
    data = {"target": "bought", "positive_label": "yes", "columns": columns}
    with pytest.raises(InputError, match=re.escape(error)):
        parse_settings({"name": "shop", "stage": "dev", "data": data, "features": features}, source="shop.toml")


def test_the_settings_of_texts_are_the_containers() -> None:
    columns = {"amount": "number", "letter": "text"}
    data = {"target": "bought", "positive_label": "yes", "columns": columns}
    features = {"texts": vectorised(buckets=128)["texts"], "rules": [{"columns": ["letter: *"], "scale": "standard"}]}
    document = {"name": "shop", "stage": "dev", "data": data, "features": features}
    found = UseCase.from_document(use_case_document(parse_settings(document, source="shop.toml")))
    assert text_options(found.features, "letter").buckets == 128
    assert [column.kind for column in found.columns] == ["number", "text"]


def test_every_method_is_tested_by_name() -> None:
    tested = " ".join(CASES)
    named = [(stage, name) for stage, (ours, _) in STAGES.items() for name in ours.methods]
    named = [each for each in named if each != ("vectorise", "hashed_ngrams")]  # tested with a table that has a text
    named += [("extract", name) for name in product.EXTRACTION]
    assert [f"{stage} {name}" for stage, name in named if f"{stage} {name}" not in tested] == []


@pytest.mark.parametrize(
    ("features", "error"),
    [
        ({"numbers": {"scale": "standart"}}, "scale must be one of none, standard"),
        ({"numbers": {"outliers": {"detect": "iqr", "treat": "hide"}}}, "outliers.treat must be one of cap, drop"),
        (
            {"numbers": {"outliers": {"detect": "isolation_forest", "treat": "cap"}}},
            "outliers.treat must be drop: its outliers are whole rows, of which no value can be changed, got 'cap'",
        ),
        ({"numbers": {"bins": {"method": "quantile", "bins": 1}}}, "bins.bins must be a whole number in 2..100, got 1"),
        ({"numbers": {"bins": {"method": "quantile", "many": 1}}}, "bins must have no option many; there is bins, out"),
        ({"numbers": {"bins": "edges"}}, "bins.edges must be given, as a list of ascending numbers"),
        ({"numbers": {"bins": {"method": "edges", "edges": [3, 1]}}}, "edges must be a list of ascending numbers, got"),
        (
            {"numbers": {"bins": {"method": "edges", "edges": [1], "labels": ["low", "high"]}}},
            'bins.labels must be left out with output ordinal, got low, high: give output = "one_hot"',
        ),
        (
            {"numbers": {"bins": {"method": "edges", "edges": [1], "labels": ["low"], "output": "one_hot"}}},
            "bins.labels must be one more than edges, 2, got 1: low",
        ),
        ({"numbers": {"encode": "one_hot"}}, "features.numbers.encode is not a known key"),
        ({"rules": [{"columns": ["amuont"], "scale": "none"}]}, "features.rules.0.columns must name feature columns"),
        ({"rules": [{"columns": ["shop"], "scale": "none"}]}, "features.rules.0.scale must be left out: it is for num"),
        (
            {"derived": {"ratios": [["amount", "shop"]]}},
            "derived.ratios must name columns of numbers, got shop",
        ),
        ({"dates": [{"columns": ["shop"], "parts": ["year"]}]}, "features.dates.0.columns must name columns of dates"),
        (
            {"dates": [{"parts": ["year"]}], "rules": [{"columns": ["day: month"], "encode": "one_hot"}]},
            "features.rules.0.columns must name feature columns, got day: month",
        ),
        ({"select": "best"}, "features: select must be one of none, variance, correlation, k_best, model"),
        ({"extract": {"ica": {}}}, "features: extract must be of polynomial, pca, svd, got ica"),
    ],
)
def test_what_the_settings_refuse_is_said_in_one_line(features: Mapping[str, Any], error: str) -> None:
    with pytest.raises(InputError) as caught:
        settings_of(features)
    assert error in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("features", "error"),
    [
        ({"select": "k_best"}, "features.select must be of variance, correlation with a problem that predicts nothing"),
        (
            {"rules": [{"columns": ["shop"], "encode": "target"}]},
            "features.rules.0.encode must be of one_hot, ordinal, frequency with",
        ),
    ],
)
def test_what_needs_a_target_is_refused_where_nothing_is_predicted(features: Mapping[str, Any], error: str) -> None:
    with pytest.raises(InputError, match=error):
        settings_of(features, problem="clustering")


RANGED = {"linear": {"ranges": {"features.numbers.missing": ["native", "mean"], "alpha": ["0.1", "1"]}}}


@pytest.mark.parametrize(
    ("features", "tuning", "error"),
    [
        ({"numbers": {"missing": "native"}}, {"algorithms": ["xgboost", "random_forest", "lightgbm"]}, None),
        ({"numbers": {"missing": "native"}}, {"algorithms": ["xgboost", "linear"]}, "features.numbers.missing must be"),
        (
            {"rules": [{"columns": ["gap"], "missing": "native"}]},
            {"algorithms": ["mlp"]},
            "features.rules.0.missing must be of median, mean, most_frequent, constant with mlp, which takes no",
        ),
        ({"numbers": {"missing": "median"}}, {"algorithms": ["linear"], **RANGED}, "features.numbers.missing must be"),
        (
            {"numbers": {"missing": "native"}},
            {"algorithms": ["linear"], "linear": {"fixed": {"features.numbers.missing": "mean"}}},
            None,
        ),
    ],
)
def test_missing_values_reach_no_algorithm_that_takes_none(
    features: Mapping[str, Any], tuning: Mapping[str, Any], error: str | None
) -> None:
    if error is None:
        assert settings_of(features, tuning=tuning)
        return
    with pytest.raises(InputError, match=error) as caught:
        settings_of(features, tuning=tuning)
    assert len(str(caught.value).splitlines()) == 1
