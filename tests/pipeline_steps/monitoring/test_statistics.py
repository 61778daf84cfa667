from collections import Counter

import numpy as np
import pytest

from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.monitoring.captured_rows import CapturedRows
from pipeline_steps.monitoring.statistics import statistics_document
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("spend", 0, 10, missing=True),
        CategoryColumn("month", ("Feb", "Nov"), other_code=0, accepts_unknown=True, missing=True),
    )
)


def _rows(spend: list[float], month: list[float]) -> CapturedRows:
    features = np.array([spend, month], dtype=np.float32).T
    scores = np.linspace(0, 1, len(spend), dtype=np.float32)
    return CapturedRows(features, np.zeros(features.shape, dtype=np.bool_), scores, Counter(), Counter(), 0)


def test_a_number_is_described_over_the_values_that_are_there() -> None:
    spend, *_ = statistics_document(CONTRACT, _rows([1, 2, 3.5, np.nan], [1] * 4))["features"]
    described = spend["numerical_statistics"]
    assert spend["inferred_type"] == "Fractional"
    assert described["common"] == {"num_present": 3, "num_missing": 1}
    assert [described[name] for name in ("sum", "min", "max")] == [6.5, 1, 3.5]
    assert described["mean"] == pytest.approx(6.5 / 3)


def test_a_column_without_a_value_has_no_distribution() -> None:
    spend, month, _ = statistics_document(CONTRACT, _rows([np.nan], [np.nan]))["features"]
    assert spend["numerical_statistics"] == {"common": {"num_present": 0, "num_missing": 1}}
    assert month["string_statistics"]["distribution"] == {"categorical": {"buckets": []}}


def test_categories_are_counted_by_name_the_commonest_first() -> None:
    month = statistics_document(CONTRACT, _rows([0] * 6, [1, 2, 2, 0, 2, np.nan]))["features"][1]
    assert month["string_statistics"] == {
        "common": {"num_present": 5, "num_missing": 1},
        "distinct_count": 3,
        "distribution": {
            "categorical": {
                "buckets": [
                    {"value": "Nov", "count": 3},
                    {"value": "Feb", "count": 1},
                    {"value": "(rare or unseen)", "count": 1},
                ]
            }
        },
    }


@pytest.mark.parametrize("count", [1, 2048, 2049, 5001, 100_003])
def test_a_sketchs_items_stand_for_every_value_and_keep_the_quantiles(count: int) -> None:
    values = np.random.default_rng(count).permutation(count).astype(float)
    spend = statistics_document(CONTRACT, _rows(values.tolist(), [1] * count))["features"][0]
    levels = spend["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"]
    assert sum(2**level * len(items) for level, items in enumerate(levels)) == count
    assert max(map(len, levels)) <= 2048
    weighed = sorted((item, 2**level) for level, items in enumerate(levels) for item in items)
    below = np.cumsum([weight for _, weight in weighed])
    middle = weighed[int(np.searchsorted(below, count / 2))][0]
    assert middle == pytest.approx((count - 1) / 2, abs=max(1, count * 0.01))
