"""The product has the algorithms that the container takes: problems, hyperparameters, bounds and defaults."""

from dataclasses import asdict
from typing import Any

import pytest

from pipeline_steps.algorithms.hyperparameters import DATA_FINGERPRINT, hyperparameter_errors
from pipeline_steps.algorithms.registry import REGISTRY
from pipeline_steps.training_script import running
from slipway.settings.hyperparameters import (
    ALGORITHMS,
    DATA_FINGERPRINT_HYPERPARAMETER,
    IMAGE,
    SCRIPT,
    is_whole,
    unknown_errors,
    value_errors,
)

NUMBERS = ["1", "0", "0.5", "-1", "1e3", "nan", "inf", "three", "", " 2 ", "1_0", "100001"]
TEXTS = ["none", "balanced", "poisson", "+a", "+a, -b", "+", "+a,,b", '"+a, b",-c', "a"]


def _described(hyperparameter: Any) -> tuple[str, dict[str, Any]]:
    return type(hyperparameter).__name__, asdict(hyperparameter)


@pytest.mark.parametrize("name", REGISTRY)
def test_problems_hyperparameters_bounds_types_and_defaults_are_the_containers(name: str) -> None:
    container = {key: _described(one) for key, one in REGISTRY[name].hyperparameters.items() if key != "seed"}
    assert {key: _described(one) for key, one in ALGORITHMS[name].hyperparameters.items()} == container
    assert ALGORITHMS[name].problems == REGISTRY[name].problems


def test_there_are_no_other_algorithms_but_the_users_own_script_and_image() -> None:
    assert list(ALGORITHMS) == [*REGISTRY, SCRIPT, IMAGE]
    assert (SCRIPT, DATA_FINGERPRINT_HYPERPARAMETER) == (running.SCRIPT, DATA_FINGERPRINT)


@pytest.mark.parametrize("text", [*NUMBERS, *TEXTS])
@pytest.mark.parametrize("algorithm", REGISTRY)
def test_both_refuse_the_same_values_in_the_same_words(algorithm: str, text: str) -> None:
    for name in ALGORITHMS[algorithm].hyperparameters:
        product = [error.rsplit(", got", 1)[0] for error in value_errors(algorithm, name, text)]
        container = [error.rsplit(", got", 1)[0] for error in hyperparameter_errors(algorithm, [(name, text)])]
        assert [f"hyperparameter {error}" for error in product] == container


@pytest.mark.parametrize("algorithm", REGISTRY)
def test_the_container_takes_the_ends_of_every_default_range(algorithm: str) -> None:
    ranges = ALGORITHMS[algorithm].ranges
    assert not list(unknown_errors(algorithm, ranges))
    ends = [(name, str(one[end])) for name, one in ranges.items() for end in ("min", "max")]
    assert not list(hyperparameter_errors(algorithm, ends))
    assert all(is_whole(algorithm, name) == (one["type"] == "integer") for name, one in ranges.items())
