"""What linear models, networks and clusters are fitted on."""

import numpy as np
import onnxruntime
import pytest

from pipeline_steps.algorithms.algorithm import Features
from pipeline_steps.algorithms.encoding import Encoding, Logarithms, fit_encoding
from pipeline_steps.graphs.writer import GraphWriter

KINDS = (False, False, False, True)
WHERE: tuple[Logarithms, ...] = ("none", "beside", "instead")


def rows(count: int = 400, *, seed: int = 0) -> Features:
    """An amount of which few are huge, a number with gaps, one that is mostly 0 and else within bounds, a category."""
    rng = np.random.default_rng(seed)
    amount = rng.exponential(20, count) ** 2 * rng.integers(-1, 2, count)
    level = rng.normal(1e6, 3, count)
    level[::9] = np.nan
    pixel = rng.integers(1, 17, count) * (rng.random(count) < 0.05)
    town = rng.integers(0, 3, count).astype(float)
    town[::7] = np.nan
    return np.stack([amount, level, pixel, town], axis=1).astype(np.float32)


def exported(encoding: Encoding, features: Features) -> Features:
    graph = GraphWriter(len(KINDS))
    session = onnxruntime.InferenceSession(graph.write("x", encoding.write(graph), output="x", width=encoding.width))
    encoded: Features = session.run(None, {"features": features})[0]
    return encoded


@pytest.mark.parametrize("logarithms", WHERE)
def test_the_graph_gives_the_bits_that_training_sees(logarithms: Logarithms) -> None:
    encoding = fit_encoding(rows(), KINDS, logarithms=logarithms)
    extremes = np.array([[np.nan] * 4, [0] * 4, [1e30, -1e30, 9, 9], [-1e-30, 1e6, -1, -1]], dtype=np.float32)
    for features in (rows(20_000, seed=1), extremes):
        np.testing.assert_array_equal(exported(encoding, features), encoding.transform(features))


def test_numbers_have_a_mean_of_0_and_a_deviation_of_1_and_categories_are_0_or_1() -> None:
    encoded = fit_encoding(rows(), KINDS, logarithms="beside").transform(rows())
    assert encoded.shape[1] == 3 + 1 + 1 + 4  # numbers, a logarithm, what says that the number is missing, categories
    np.testing.assert_allclose(encoded[:, :4].mean(axis=0), 0, atol=1e-2)
    np.testing.assert_allclose(encoded[:, :4].std(axis=0), 1, atol=1e-3)
    assert (encoded[:, 5:].sum(axis=1) == 1).all()
    assert set(np.unique(encoded[:, 4:])) == {0, 1}


def test_a_skewed_number_has_a_logarithm_that_ascends_with_it_beside_it_or_in_its_place() -> None:
    features = rows()
    none, beside, instead = (fit_encoding(features, KINDS, logarithms=where) for where in WHERE)
    assert none.width == instead.width == beside.width - 1
    ordered = features[np.argsort(features[:, 0])]
    number, logarithm = (beside.transform(ordered)[:, place] for place in (0, 3))
    assert (np.diff(logarithm) >= 0).all()
    assert np.abs(logarithm).max() < 5 < np.abs(number).max()
    np.testing.assert_array_equal(instead.transform(ordered)[:, 2], logarithm)
