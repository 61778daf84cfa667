"""Whom predictions favour, by Clarify's metrics."""

import numpy as np
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.bins import Bins
from pipeline_steps.baseline.groups import Groups
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.monitoring.bias import Bias, bias_violations, measured_bias
from pipeline_steps.monitoring.bias_metrics import BiasEstimate
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.facets import Facet
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("age", 0, 99, missing=True),
        CategoryColumn("sex", ("F", "M"), 2, accepts_unknown=True, missing=True),
    ),
    target="hired",
    positive_label="yes",
)
NO_BINS = Bins("any", np.array([0, 1, np.inf], dtype=np.float32), np.array([0, 1, 0, 0]))


def table(*groups: tuple[float, float, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Rows of (age, sex, how many, how many of them are predicted positive)."""
    features = [[age, sex] for age, sex, count, _ in groups for _ in range(count)]
    scores = [0.9 if n < yes else 0.1 for _, _, count, yes in groups for n in range(count)]
    return np.array(features, dtype=np.float32), np.array(scores, dtype=np.float32)


def period(*groups: tuple[float, float, int, int]) -> CapturedRows:
    features, scores = table(*groups)
    refused, labels = np.zeros(features.shape, dtype=bool), (scores >= 0.5).astype(np.float64)
    return CapturedRows(features, refused, scores, {}, {}, 0, labels=labels)  # type: ignore[arg-type]


def held_out(*groups: tuple[float, float, int, int]) -> Baseline:
    features, scores = table(*groups)
    predictions = tuple(Groups.count(features[:, place], scores >= 0.5) for place in range(2))
    return Baseline((NO_BINS, NO_BINS), NO_BINS, None, predictions)


def measured_of(rows: CapturedRows, baseline: Baseline, facet: Facet) -> list[Bias]:
    """Every metric, of rows without an outcome."""
    return measured_bias(CONTRACT, baseline, rows, [facet], truth=np.full(len(rows.scores), np.nan))


def one(rows: CapturedRows, baseline: Baseline, facet: Facet) -> list[Bias]:
    """What could be measured."""
    return [bias for bias in measured_of(rows, baseline, facet) if bias.now]


def value(measured: BiasEstimate | None) -> float:
    assert measured
    return measured.value


F, M = 0.0, 1.0
EVEN = held_out((30, F, 500, 150), (50, M, 500, 150))
WOMEN = Facet("sex", ("F",), limits={"DPPL": 0.1, "DI": 0.2})


def test_the_metrics_are_clarifys() -> None:
    dppl, di = one(period((30, F, 400, 40), (50, M, 400, 160)), EVEN, WOMEN)
    assert value(dppl.now) == pytest.approx(0.4 - 0.1)
    assert value(di.now) == pytest.approx(0.1 / 0.4)
    assert (dppl.usual and dppl.usual.value, di.usual and di.usual.value) == (pytest.approx(0), pytest.approx(1))
    assert {each["metric_name"] for each in bias_violations([dppl, di])} == {"DPPL", "DI"}


def test_a_difference_that_was_always_there_is_no_drift() -> None:
    uneven = held_out((30, F, 500, 50), (50, M, 500, 200))
    rows = period((30, F, 400, 40), (50, M, 400, 160))
    assert not any(each.drifted for each in one(rows, uneven, WOMEN))
    against_parity = Facet("sex", ("F",), limits={"DPPL": 0.1}, parity=True)
    assert all(each.drifted for each in one(rows, uneven, against_parity))


def test_what_chance_explains_is_no_drift() -> None:
    few = period((30, F, 40, 6), (50, M, 40, 14))  # 20 points apart, of so few
    assert not any(each.drifted for each in one(few, EVEN, WOMEN))
    many = period((30, F, 4000, 600), (50, M, 4000, 1400))
    assert [each.metric for each in one(many, EVEN, WOMEN) if each.drifted] == ["DPPL", "DI"]


def test_a_threshold_divides_the_numbers_above_it_from_the_others() -> None:
    above = Facet("age", threshold=40, limits={"DPPL": 0.1})
    (dppl,) = one(period((40, F, 300, 30), (41, F, 300, 150), (np.nan, F, 300, 300)), EVEN, above)
    assert dppl.value == ">40"
    assert value(dppl.now) == pytest.approx(0.1 - 0.5)
    assert value(dppl.usual) == pytest.approx(0)


def test_groups_of_few_rows_are_not_measured() -> None:
    few = period((30, F, 29, 1), (50, M, 400, 100))
    assert one(few, EVEN, WOMEN) == []
    assert [each.lacking for each in measured_of(few, EVEN, WOMEN)] == ["too few rows to measure by"] * 2
    (without,) = one(
        period((30, F, 400, 40), (50, M, 400, 160)),
        held_out((30, F, 29, 9), (50, M, 500, 150)),
        Facet("sex", ("F",), limits={"DPPL": 0.1}),
    )
    assert (without.usual, without.drifted, without.lacking) == (None, False, "no baseline")


def test_without_positive_predictions_there_is_no_ratio() -> None:
    assert [each.metric for each in one(period((30, F, 400, 40), (50, M, 400, 0)), EVEN, WOMEN)] == ["DPPL"]


def test_without_values_each_category_is_a_group() -> None:
    rows = period((30, F, 400, 40), (50, M, 400, 160), (50, 2, 40, 10))
    found = one(rows, EVEN, Facet("sex", limits={"DPPL": 0.1}))
    assert [each.value for each in found] == ["F", "M", "(rare or unseen)"]


def test_many_numbers_are_counted_by_percentile() -> None:
    ages = np.random.default_rng(0).uniform(0, 99, 5000).astype(np.float32)
    predicted = ages > 40
    counted = Groups.count(ages, predicted)
    assert len(counted.values) == 100
    assert (counted.rows.sum(), counted.positive.sum()) == (5000, predicted.sum())
    inside, outside = counted.split(counted.values > 40)
    assert inside.rows == pytest.approx(predicted.sum(), abs=50)
    assert outside.positive <= 50
    again = Groups.from_document(counted.to_document())
    assert again.to_document() == counted.to_document()


def test_counts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="a count for each of 2 values"):
        Groups.from_document({"values": [1, 2], "rows": [3], "positive": [1]})
