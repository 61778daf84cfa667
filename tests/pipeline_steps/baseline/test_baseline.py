import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.baseline.baseline import Baseline, ScoreRanks
from pipeline_steps.baseline.cuts import Cut
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.errors import StepError
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("price", 0.1, 5.0, missing=True),
        NumberColumn("always", 1, 1, missing=False),
        CategoryColumn("month", ("Feb", "Nov", "May"), other_code=1, accepts_unknown=True, missing=True),
    )
)
TABLE = pd.DataFrame(
    {
        # tenths, which float32 rounds up or down: a value must fall into its bin either way
        "price": [*(tenth / 10 for tenth in range(1, 51)), float("nan"), float("nan")],
        "always": [1.0] * 52,
        "month": ["Feb"] * 20 + ["Nov"] * 15 + ["May"] * 10 + ["Jan"] * 4 + [""] * 3,
    }
)
SCORES = np.linspace(0.05, 0.95, 91, dtype=np.float32)


@pytest.fixture
def document() -> dict[str, Any]:
    return json.loads(json.dumps(training_distribution(CONTRACT.columns, TABLE, SCORES)))


def test_the_training_data_falls_into_the_bins_that_it_made(document: dict[str, Any]) -> None:
    baseline = Baseline.from_document(document, CONTRACT)
    features = CONTRACT.encode(TABLE)
    for place, bins in enumerate(baseline.columns):
        assert bins.count(features[:, place]).tolist() == bins.baseline.tolist()
    assert baseline.score.count(SCORES).tolist() == baseline.score.baseline.tolist()
    assert max(map(abs, baseline.input_drift(features).values())) < 0.4


def test_missing_and_unseen_values_have_bins_of_their_own(document: dict[str, Any]) -> None:
    price, always, month = Baseline.from_document(document, CONTRACT).columns
    below, *inside, above, missing = price.count(np.array([-1, 0.1, 5.0, 6, 1e38, np.nan, np.nan], dtype=np.float32))
    assert (below, sum(inside), above, missing) == (1, 2, 2, 2)
    assert always.count(np.array([0, 1, 1, 2], dtype=np.float32)).tolist() == [1, 2, 1, 0]
    codes = CONTRACT.columns[2].encode_values(np.array(["Feb", "Jan", "Xyz", "Nov", ""])).astype(np.float32)
    assert month.count(codes).tolist() == [0, 1, 2, 1, 0, 0, 1]  # Jan was rare and Xyz is unseen: to the model the same
    assert month.baseline.tolist() == [0, 20, 4, 15, 10, 0, 3]


def test_a_score_beyond_those_of_validation_counts_in_the_outermost_bin(document: dict[str, Any]) -> None:
    score = Baseline.from_document(document, CONTRACT).score
    counts = score.count(np.array([0, 1], dtype=np.float32))
    assert (counts[1], counts[10], counts.sum()) == (1, 1, 2)


def test_a_column_in_another_unit_shifts_and_the_others_do_not(document: dict[str, Any]) -> None:
    baseline = Baseline.from_document(document, CONTRACT)
    features = np.tile(CONTRACT.encode(TABLE), (5, 1))
    features[:, 0] *= 100
    drift = baseline.input_drift(features)
    assert drift["price"] > 2
    assert drift["month"] < 0.1
    assert drift["always"] < 0.1


def test_the_scores_ranks_are_a_tenth_a_half_and_nine_tenths(document: dict[str, Any]) -> None:
    assert document["score"]["ranks"] == pytest.approx([0.14, 0.5, 0.86], abs=1e-6)
    ranks = Baseline.from_document(document, CONTRACT).ranks
    assert ranks is not None
    assert ranks.upper_half(SCORES).mean() == pytest.approx(0.5)
    assert ranks.tails(SCORES).mean() == pytest.approx(0.2)


def test_in_an_older_artifact_what_equals_a_quantile_lies_in_no_tail_and_not_in_the_upper_half(
    document: dict[str, Any],
) -> None:
    del document["score"]["ties"]
    ranks = Baseline.from_document(document, CONTRACT).ranks
    low, middle, high = np.array(document["score"]["ranks"], dtype=np.float32)
    assert ranks == ScoreRanks(*(Cut(float(at), float(at), tied) for at, tied in ((low, 1), (middle, 0), (high, 0))))
    off = np.float32(1e-6)
    scores = np.array([low - off, low, middle - off, middle, middle + off, high, high + off], dtype=np.float32)
    assert ranks.upper_half(scores).tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert ranks.tails(scores).tolist() == [1, 0, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("values", [[0] * 95 + [1] * 5, [0] * 20 + [1] * 80, [0] * 60 + [*range(1, 41)]])
def test_a_value_that_many_rows_share_has_a_bin_of_its_own(values: list[float]) -> None:
    column = NumberColumn("price", 0, max(values), missing=True)
    contract = replace(CONTRACT, columns=(column,))
    table = pd.DataFrame({"price": [float(value) for value in values]})
    (bins,) = Baseline.from_document(training_distribution((column,), table, SCORES), contract).columns
    as_trained, moved = (np.array(given, dtype=np.float32) for given in (values, [1.0] * 50 + [0.0] * 50))
    assert bins.count(as_trained).tolist() == bins.baseline.tolist()
    assert bins.drift(as_trained) < 0.05
    assert bins.drift(moved) > 0.25


@pytest.mark.parametrize("top", [0.9, 0.4])
def test_a_share_of_equal_scores_that_changes_is_a_shift(top: float) -> None:
    scores = np.array([0.5] * 95 + [top] * 5, dtype=np.float32)
    score = Baseline.from_document(training_distribution(CONTRACT.columns, TABLE, scores), CONTRACT).score
    assert score.drift(scores) < 0.05
    assert score.drift(np.array([0.5] * 50 + [top] * 50, dtype=np.float32)) > 0.25


def test_an_older_artifact_has_no_ranks_and_fixed_score_bins(document: dict[str, Any]) -> None:
    del document["score"]["ranks"], document["score"]["ties"]
    edges = np.linspace(0, 1, 21)
    document["score"] |= {"edges": edges.tolist(), "counts": np.histogram(SCORES, edges)[0].tolist()}
    baseline = Baseline.from_document(document, CONTRACT)
    assert baseline.ranks is None
    assert baseline.score.drift(SCORES) < 0.05


def test_a_model_that_always_scores_the_same_has_a_baseline() -> None:
    same = np.full(50, 0.25, dtype=np.float32)
    document = training_distribution(CONTRACT.columns, TABLE, same)
    assert Baseline.from_document(document, CONTRACT).score.drift(same) == pytest.approx(0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((lambda it: it.update(version=2)), "baseline.json must be of version 1, got 2"),
        ((lambda it: it["features"].pop(0)), "baseline.json must hold 'price', which is absent"),
        ((lambda it: it.pop("score")), "baseline.json must hold 'score', which is absent"),
        (
            (lambda it: it["features"][0]["counts"].pop()),
            "baseline.json is no baseline: there must be 10 counts",
        ),
        ((lambda it: it["features"][0].update(missing=-1)), "baseline.json is no baseline: there must be"),
        ((lambda it: it["score"].update(ranks=[1])), "baseline.json is no baseline: "),
        ((lambda it: it["score"].update(ties=[{}])), "baseline.json must hold 'low', which is absent"),
        ((lambda it: it["score"]["ties"][1].pop("equal")), "baseline.json must hold 'equal', which is absent"),
        ((lambda it: it["score"]["ties"][1].update(below=91)), "baseline.json is no baseline: the scores that"),
        ((lambda it: it["score"].update(edges=[])), "baseline.json is no baseline: "),
        ((lambda it: it.update(features=7)), "baseline.json is no baseline: "),
        ((lambda it: it.update(predictions=[])), "baseline.json must hold 'price', which is absent"),
        (
            (lambda it: it.update(attributions={"values": {}})),
            "baseline.json must hold 'price', which is absent",
        ),
    ],
)
def test_a_baseline_that_is_none_is_refused(
    document: dict[str, Any], change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    change(document)
    with pytest.raises(StepError) as caught:
        Baseline.from_document(document, CONTRACT)
    assert str(caught.value).startswith(reason)
