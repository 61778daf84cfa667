"""Bounds refuse no candidate by chance, and find what is really beyond."""

import math

import numpy as np
import pytest

from pipeline_steps.baseline.drift import stability_index
from pipeline_steps.gates.confidence_bounds import mean_at_least, quantile_bounds, resampled_at_least, share_at_least

ERROR = 0.01
TRIALS = 2000


def rate(found):
    return sum(found) / len(found)


@pytest.mark.parametrize("size", [50, 300, 2000])
@pytest.mark.parametrize("share", [0.005, 0.1])
def test_a_share_at_the_limit_is_rarely_above_it(size, share):
    drawn = np.random.default_rng(1).binomial(size, share, TRIALS) / size
    # Wilson's bound is exact on average only: tiny counts exceed it a little
    assert rate([share_at_least(found, size, error=ERROR) > share for found in drawn]) <= 0.035


@pytest.mark.parametrize("size", [300, 2000])
def test_a_share_far_above_the_limit_is_found(size):
    drawn = np.random.default_rng(2).binomial(size, 0.2, TRIALS) / size
    assert rate([share_at_least(found, size, error=ERROR) > 0.1 for found in drawn]) > 0.95


def test_a_share_of_nothing_proves_nothing():
    assert share_at_least(0.0, 0, error=ERROR) == 0.0
    assert share_at_least(0.0, 50, error=ERROR) == 0.0
    assert 0.9 < share_at_least(1.0, 100, error=ERROR) < 1.0


@pytest.mark.parametrize("size", [20, 100, 400])
def test_a_mean_at_the_limit_is_rarely_above_it(size):
    random = np.random.default_rng(3)
    found = [mean_at_least(random.normal(0.1, 0.2, size), error=ERROR) > 0.1 for _ in range(TRIALS)]
    assert rate(found) <= 0.015


def test_a_mean_of_few_values_proves_nothing():
    assert mean_at_least(np.full(19, 0.9), error=ERROR) == 0.0
    assert mean_at_least(np.array([]), error=ERROR) == 0.0


def test_the_sign_of_a_mean_is_of_no_matter():
    values = np.random.default_rng(4).normal(0.3, 0.1, 200)
    above = mean_at_least(values, error=ERROR)
    assert above == pytest.approx(mean_at_least(-values, error=ERROR))
    assert 0.27 < above < 0.3


def index(champion, candidate, bins=10):
    tables = [np.zeros((len(champion), bins)) for _ in range(2)]
    for table, values in zip(tables, (champion, candidate), strict=True):
        table[np.arange(len(values)), (values * bins).astype(int).clip(0, bins - 1)] = 1
    return lambda draws: stability_index(draws @ tables[0], draws @ tables[1])


@pytest.mark.parametrize("requests", [50, 200, 1000])
def test_an_index_without_a_shift_is_hardly_above_nothing(requests):
    random = np.random.default_rng(5)
    found = []
    for _ in range(40):
        champion = random.beta(0.5, 2, requests)
        candidate = (champion + random.normal(0, 0.05, requests)).clip(0, 1)
        found.append(resampled_at_least(index(champion, candidate), requests, error=ERROR))
    assert max(found) < 0.25


def test_an_index_of_a_shift_is_found():
    champion = np.random.default_rng(6).beta(0.5, 2, 500)
    assert resampled_at_least(index(champion, champion**0.3), 500, error=ERROR) > 1
    assert resampled_at_least(index(champion[:1], champion[:1]), 1, error=ERROR) == 0.0


@pytest.mark.parametrize(("quantile", "size"), [(0.5, 60), (0.5, 1000), (0.99, 1000), (0.99, 5000)])
def test_a_quantile_lies_within_its_bounds(quantile, size):
    random = np.random.default_rng(7)
    truth = -math.log(1 - quantile)
    bounds = [quantile_bounds(random.exponential(1, size), quantile, error=ERROR) for _ in range(TRIALS)]
    assert rate([low > truth for low, _ in bounds]) <= 0.015
    assert rate([high < truth for _, high in bounds]) <= 0.03


def test_a_quantile_of_few_values_has_no_bounds():
    low, high = quantile_bounds(np.array([1.0, 2.0]), 0.5, error=ERROR)
    assert (low, high) == (-math.inf, math.inf)
