"""Algorithms that need no target."""

import numpy as np
import onnxruntime
import pytest

from pipeline_steps.algorithms.algorithm import Features, FittedModel, Rows
from pipeline_steps.algorithms.hyperparameters import parse_hyperparameters
from pipeline_steps.algorithms.registry import algorithm_named
from pipeline_steps.errors import DataError
from tests.pipeline_steps.algorithms.tables import table, task, with_gaps

OUTPUTS = {"k_means": "distances", "isolation_forest": "score"}
every_algorithm = pytest.mark.parametrize("algorithm", OUTPUTS)


def fit(algorithm: str, rows: Rows, *, seed: int = 0, **given: str) -> FittedModel:
    few = {"trees": "50"} if algorithm == "isolation_forest" else {}
    values = parse_hyperparameters({"algorithm": algorithm, **few, **given}).values
    kind = task("none", seed=seed, output=OUTPUTS[algorithm])
    return algorithm_named(algorithm).fit(kind, rows, None, values, log=str)


def groups() -> tuple[Features, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Rows of three sizes of group, far from each other, and the group of each."""
    rows, group = table("none").features, np.repeat([0, 1, 2], [100, 60, 40])
    rows[:, 0] = 50_000 + 200_000 * group + rows[:, 2]
    rows[:, 1] = 40 + 300 * (group == 1) + rows[:, 2]
    return rows, group


@every_algorithm
def test_the_graph_gives_what_the_model_gives(algorithm: str) -> None:
    model, rows = fit(algorithm, table("none")), with_gaps(table("none", rows=100, seed=1).features)
    session = onnxruntime.InferenceSession(model.graph())
    assert [output.name for output in session.get_outputs()] == [OUTPUTS[algorithm]]
    np.testing.assert_allclose(session.run(None, {"features": rows})[0], model.predict(rows), rtol=1e-5)


@every_algorithm
def test_one_seed_gives_one_model(algorithm: str) -> None:
    first, again, other = (fit(algorithm, table("none"), seed=seed).graph() for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_k_means_finds_groups_the_largest_first() -> None:
    rows, group = groups()
    distances = fit("k_means", Rows(rows, np.full(len(rows), np.nan)), clusters="3").predict(rows)
    assert distances.shape == (200, 3)
    assert (distances.argmin(axis=1) == group).mean() > 0.97


def test_a_row_at_the_centre_of_its_cluster_has_a_distance_of_about_zero() -> None:
    rows = np.repeat(table("none", rows=4).features[1:3], 5, axis=0)
    distances = fit("k_means", Rows(rows, np.full(10, np.nan)), clusters="2").predict(rows)
    assert np.sort(distances, axis=1)[:, 0] == pytest.approx(0, abs=1e-6)


def test_there_are_no_more_clusters_than_different_rows() -> None:
    rows = np.repeat(table("none", rows=4).features[1:3], 5, axis=0)
    with pytest.raises(DataError, match="rows for 3 clusters must differ, got 2 different ones"):
        fit("k_means", Rows(rows, np.full(10, np.nan)), clusters="3")


@pytest.mark.parametrize("max_features", ["1", "0.6"])
def test_an_isolation_forest_gives_rows_apart_a_larger_score(max_features: str) -> None:
    usual = table("none")
    apart = table("none", rows=20, seed=1).features
    apart[:, 0], apart[:, 1] = 140_000, 5
    model = fit("isolation_forest", usual, max_features=max_features, trees="200")
    scores, higher = model.predict(usual.features), model.predict(apart)
    assert 0 < scores.min() < scores.max() < 1
    assert np.median(higher) > np.quantile(scores, 0.98)
    session = onnxruntime.InferenceSession(model.graph())
    np.testing.assert_allclose(session.run(None, {"features": apart})[0], higher, rtol=1e-5)
