"""Searching the recipe."""

import tomllib

import pytest

from pipeline_steps.features.overrides import overridden
from slipway.errors import InputError
from slipway.settings import Settings, parse_settings

BASE = """
name = "shop"
stage = "dev"
[data]
target = "bought"
positive_label = "yes"
columns = { amount = "number", shop = "category" }
[features.numbers]
bins = { method = "quantile", bins = 4 }
[features.extract]
pca = { components = 2 }
"""


def settings(tuning: str) -> Settings:
    return parse_settings(tomllib.loads(BASE + tuning), source="shop.toml")


def test_a_choice_of_the_recipe_is_written_as_a_list_and_reaches_the_container_as_text() -> None:
    found = settings(
        """
        [tuning.ranges]
        features.numbers.scale = ["standard", "none"]
        features.numbers.bins.bins = [3, 9]
        "features.extract.pca.components" = { type = "integer", min = 1, max = 2 }
        "features.numbers.missing_indicator" = [true, false]
        """
    )
    (search,) = found.search.searches
    assert {name: getattr(one, "values", None) for name, one in search.ranges.items()} == {
        "features.numbers.scale": ("standard", "none"),
        "features.numbers.bins.bins": ("3", "9"),
        "features.extract.pca.components": None,
        "features.numbers.missing_indicator": ("true", "false"),
    }
    drawn = {
        "features.numbers.scale": "none",
        "features.numbers.bins.bins": "9",
        "features.extract.pca.components": "1",
    }
    assert overridden(found.features.document(), drawn) == {
        "numbers": {"bins": {"method": "quantile", "bins": 9}, "scale": "none"},
        "extract": {"pca": {"components": 1}},
    }


@pytest.mark.parametrize(
    ("tuning", "error"),
    [
        ('features.numbers.scale = ["standart"]', "features.numbers.scale must be one of none, standard"),
        ('features.numbers.encode = ["one_hot"]', "features.numbers.encode must lead to a key of [features]"),
        ("features.numbers.bins.bins = [1, 9]", "features.numbers.bins.bins must be a whole number in 2..100, got 1"),
        ("features.numbers.outliers.factor = [1, 9]", "features.numbers.outliers.factor must lead to a key"),
        ('features.numbers.scale = { type = "integer", min = 1, max = 2 }', "scale must be categorical, got integer"),
        ('features.extract.svd.components = ["2"]', "features.extract.svd.components must lead to a key"),
        ('featurs.numbers.scale = ["none"]', "ranges.featurs: must have a type"),
    ],
)
def test_what_the_recipe_does_not_take_is_refused(tuning: str, error: str) -> None:
    with pytest.raises(InputError) as caught:
        settings(f"[tuning.ranges]\n{tuning}")
    assert error in str(caught.value)


def test_every_job_of_an_algorithm_may_have_a_recipe_of_its_own() -> None:
    found = settings('[tuning.fixed]\n"features.numbers.bins" = "none"')
    assert found.search.searches[0].fixed == {"features.numbers.bins": "none"}
    with pytest.raises(InputError, match=r"tuning.fixed.features.numbers.bins must be one of none, "):
        settings('[tuning.fixed]\n"features.numbers.bins" = "even"')


def test_a_method_whose_list_the_recipe_has_may_be_drawn() -> None:
    edges = BASE.replace('"quantile", bins = 4', '"edges", edges = [1, 5]')
    choice = '[tuning.ranges]\nfeatures.numbers.bins = ["edges", "none"]'
    (search,) = parse_settings(tomllib.loads(edges + choice), source="shop.toml").search.searches
    assert getattr(search.ranges["features.numbers.bins"], "values", None) == ("edges", "none")
    with pytest.raises(InputError, match=r"features.numbers.bins.edges must be given, as a list of ascending numbers"):
        settings(choice)


TEXTS = """
name = "desk"
stage = "dev"
[data]
target = "solved"
positive_label = "yes"
columns = { subject = "text", reply = "text", note = "text", log = "text", title = "text" }
[features.texts]
vectorise = { method = "hashed_ngrams", shortest = 1, longest = 2, buckets = 64 }
[tuning.ranges]
"""


def test_the_options_of_texts_may_be_drawn() -> None:
    drawn = "features.texts.vectorise.buckets = [64, 256]\nfeatures.texts.vectorise.longest = [1, 3]"
    (search,) = parse_settings(tomllib.loads(TEXTS + drawn), source="desk.toml").search.searches
    names = {name: getattr(one, "values", None) for name, one in search.ranges.items()}
    assert names == {
        "features.texts.vectorise.buckets": ("64", "256"),
        "features.texts.vectorise.longest": ("1", "3"),
    }


@pytest.mark.parametrize(
    ("option", "error"),
    [
        ("buckets = [64, 100]", "vectorise.buckets must be a power of two in 16..512, got 100"),
        ('buckets = { type = "integer", min = 64, max = 512 }', "vectorise.buckets must be categorical, got integer"),
        ("buckets = [64, 512]", "at most 2048 buckets for all texts together, got 2560"),
        ("longest = [2, 6]", "vectorise.longest must be in 1..4 with ngrams words, got 6"),
        ("shortest = [1, 3]", "vectorise.shortest must be at most longest, which is 2, got 3"),
    ],
)
def test_what_texts_cannot_have_together_is_refused_before_a_job_draws_it(option: str, error: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_settings(tomllib.loads(f"{TEXTS}features.texts.vectorise.{option}"), source="desk.toml")
    assert error in str(caught.value)
