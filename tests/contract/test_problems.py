"""The product and the container have the same problems: their metrics, what is better, and what is asked of them."""

import pytest

from pipeline_steps.algorithms.registry import REGISTRY
from pipeline_steps.problems import registry
from pipeline_steps.tables.use_case import UseCase
from slipway.settings.hyperparameters import ALGORITHMS
from slipway.settings.problems import PROBLEMS, VALUE_METRIC, ProblemFacts


def test_the_problems_are_the_same() -> None:
    assert PROBLEMS.keys() == registry.PROBLEMS.keys()


@pytest.mark.parametrize(("name", "facts"), PROBLEMS.items())
def test_a_problem_has_the_same_metrics_in_the_same_order_and_direction(name: str, facts: ProblemFacts) -> None:
    problem = registry.problem_named(name)
    assert list(facts.metrics.items()) == list(problem.metrics.items())
    assert VALUE_METRIC not in problem.metrics
    assert problem.has_target == (facts.target == "needed")
    for target, against in ((None, facts.against), ("y", "")):
        assert problem.against(UseCase(problem=name, columns=(), target=target, metric="")) == against


@pytest.mark.parametrize(("name", "facts"), PROBLEMS.items())
def test_the_algorithms_of_a_problem_can_be_fitted(name: str, facts: ProblemFacts) -> None:
    for algorithm in (*facts.default_algorithms, facts.reference):
        assert name in REGISTRY[algorithm].problems
        assert name in ALGORITHMS[algorithm].problems
