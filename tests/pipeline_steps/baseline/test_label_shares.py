"""The baseline of each problem's predictions."""

import json

import numpy as np
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.label_shares import LabelShares
from pipeline_steps.errors import StepError
from pipeline_steps.problems.registry import problem_named
from tests.tiny_artifacts import NAMES, tiny_model

SHARES = LabelShares(("cancel", "keep"), np.array([60, 40]))


@pytest.mark.parametrize("name", NAMES)
def test_a_models_own_predictions_have_not_drifted_and_others_have(name: str) -> None:
    model, other = tiny_model(name), tiny_model(name, bias=8)
    baseline = model.baseline
    assert baseline.score.drift(model.headline) < 0.1
    assert baseline.score.drift(other.headline) > 0.3
    if baseline.labels:
        assert baseline.labels.drift(model.labels) < 0.1
        assert baseline.labels.drift(other.labels) > 0.3


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_counted_where_they_have_names(name: str) -> None:
    baseline = tiny_model(name).baseline
    assert (baseline.labels is None) == (problem_named(name).label_kind == "number")
    assert baseline.labels is None or baseline.labels.baseline.sum() == 600


@pytest.mark.parametrize("name", NAMES)
def test_predictions_are_counted_by_group_where_a_label_is_positive(name: str) -> None:
    groups = tiny_model(name).baseline.predictions
    assert (groups is not None) == (problem_named(name).label_kind == "positive")
    assert groups is None or all(of.truth is not None for of in groups)


@pytest.mark.parametrize("name", NAMES)
def test_every_column_that_the_model_uses_has_an_attribution(name: str) -> None:
    found = tiny_model(name).baseline.attributions
    assert found
    assert min(found.values()) > 0.01


def test_a_label_that_the_model_does_not_know_is_drift() -> None:
    known = np.array([0] * 600 + [1] * 400)
    assert SHARES.drift(known) < 0.01
    assert SHARES.drift(np.concatenate([known, np.full(200, -1)])) > 0.2
    assert SHARES.count(np.array([0, 1, 1, -1, 2, 7])).tolist() == [1, 2, 3]


@pytest.mark.parametrize("counts", [[60], [60, -1]])
def test_a_baseline_without_a_count_for_each_label_is_none(counts: list[int]) -> None:
    model = tiny_model(NAMES[0])
    document = json.loads(model.artifact.files["baseline.json"])
    document["labels"]["counts"] = counts
    with pytest.raises(StepError, match="labels must have a count of at least 0 for each of 2 names"):
        Baseline.from_document(document, model.contract)
