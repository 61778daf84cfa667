"""The product has the hyperparameters that the container takes: their names, bounds and types."""

import pytest

from pipeline_steps.algorithms.hyperparameters import ALGORITHMS, hyperparameter_errors
from slipway.settings.hyperparameters import BOUNDS, value_errors


def test_names_bounds_and_types_are_the_containers() -> None:
    container = {name: (b.low, b.high, b.whole) for name, b in ALGORITHMS["xgboost"].items() if name != "seed"}
    assert {name: (b.low, b.high, b.whole) for name, b in BOUNDS.items()} == container


@pytest.mark.parametrize("name", BOUNDS)
@pytest.mark.parametrize("text", ["1", "0", "0.5", "-1", "1e3", "nan", "inf", "three", "", " 2 ", "1_0", "100001"])
def test_both_refuse_the_same_values_in_the_same_words(name: str, text: str) -> None:
    product = [error.rsplit(", got", 1)[0] for error in value_errors(name, text)]
    container = [error.rsplit(", got", 1)[0] for error in hyperparameter_errors("xgboost", [(name, text)])]
    assert [f"hyperparameter {error}" for error in product] == container
