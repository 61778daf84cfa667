import math
from statistics import NormalDist

import numpy as np
import pytest

from pipeline_steps.evaluation.estimate import Estimate
from pipeline_steps.evaluation.resampling import bootstrap
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.problems.report import Predicted
from pipeline_steps.tables.use_case import UseCase

USE_CASE = UseCase(problem="binary", columns=(), target="y", metric="auc")
BINARY = problem_named("binary")


def predicted(rows: int, *, seed: int, positive: float = 0.5, noise: float = 0.0) -> Predicted:
    """Scores of two normal distributions one deviation apart, and noise that another model adds."""
    generator = np.random.default_rng(seed)
    target = (generator.uniform(size=rows) < positive).astype(np.float64)
    target[:2] = 0, 1
    evidence = target + generator.normal(size=rows) + noise * np.random.default_rng(99).normal(size=rows)
    outputs = (1 / (1 + np.exp(0.5 - evidence))).astype(np.float32)
    return Predicted(target, outputs, BINARY.labels(outputs, {"threshold": 0.5}), {"threshold": 0.5}, USE_CASE)


def estimates(shown: Predicted) -> dict[str, Estimate]:
    values = BINARY.measure(shown.target, shown.outputs, shown.decision, USE_CASE)
    return {name: Estimate.of(values[name], found, 0.95) for name, found in bootstrap(BINARY, shown).items()}


def test_ninety_five_of_a_hundred_intervals_hold_the_truth() -> None:
    auc, accuracy = NormalDist().cdf(1 / math.sqrt(2)), NormalDist().cdf(0.5)
    draws = [estimates(predicted(150, seed=seed)) for seed in range(200)]
    for metric, truth in (("auc", auc), ("accuracy", accuracy)):
        found = [draw[metric] for draw in draws]
        assert sum(each.low <= truth <= each.high for each in found) >= 180
        assert 5 <= sum(each.at_least > truth for each in found) <= 20


def test_models_are_compared_on_the_same_resamples() -> None:
    first, second = predicted(300, seed=1), predicted(300, seed=1, noise=0.3)
    replicates = [bootstrap(BINARY, each)["auc"] for each in (first, first, second)]
    np.testing.assert_array_equal(replicates[0], replicates[1])
    assert (replicates[0] - replicates[2]).std() < 0.6 * replicates[0].std()


def test_a_metric_that_a_resample_leaves_undefined_is_known_by_the_others() -> None:
    shown = predicted(60, seed=0, positive=0.0)
    assert shown.target.sum() == 1
    assert 100 < np.isnan(bootstrap(BINARY, shown)["auc"]).sum() < 300
    assert math.isfinite(estimates(shown)["auc"].low)


def test_of_a_large_table_a_part_is_resampled_and_its_intervals_are_as_narrow_as_of_the_whole() -> None:
    large, small = (estimates(predicted(rows, seed=1)) for rows in (40_000, 10_000))
    for metric in ("accuracy", "auc"):
        assert large[metric].deviation == pytest.approx(small[metric].deviation / 2, rel=0.15)
        assert large[metric].low < large[metric].value < large[metric].high
