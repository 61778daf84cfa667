from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.errors import DataError
from pipeline_steps.tables.split import SPLITS, assign_splits
from pipeline_steps.tables.use_case import SplitPlan

PLANS = st.builds(
    SplitPlan,
    validation_percent=st.integers(5, 40),
    test_percent=st.integers(5, 40),
    seed=st.integers(0, 2**31 - 1),
)
NUMBERS = st.floats(allow_nan=True, allow_infinity=False, width=32)
ROWS = st.lists(st.tuples(NUMBERS, st.text(max_size=3)), min_size=1, max_size=60)


def _table(rows: list[tuple[float, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["size", "plan"])
    return table.astype({"size": np.float64, "plan": object})


def _many(count: int) -> pd.DataFrame:
    return _table([(number, f"plan {number % 7}") for number in range(count)])


@given(PLANS, ROWS, st.integers(0, 2**32))
def test_no_row_moves_when_others_are_deleted_reordered_or_appended(plan, rows, seed) -> None:
    random = Random(seed)  # noqa: S311
    splits = dict(enumerate(assign_splits(plan, _table(rows)).splits.tolist()))
    places = random.sample(range(len(rows)), random.randint(1, len(rows)))
    others = [(1e6 + number, "another") for number in range(random.randint(0, 3))]
    again = assign_splits(plan, _table([*others, *(rows[place] for place in places)])).splits.tolist()
    assert again[len(others) :] == [splits[place] for place in places]


@given(PLANS, ROWS)
def test_rows_with_equal_features_are_in_one_split(plan: SplitPlan, rows: list[tuple[float, str]]) -> None:
    splits = assign_splits(plan, _table([*rows, *rows])).splits
    assert splits[: len(rows)].tolist() == splits[len(rows) :].tolist()


def test_zero_and_minus_zero_are_equal_and_so_are_all_missing_numbers() -> None:
    other_nan = np.array([0xFFF8000000000001], dtype=np.uint64).view(np.float64)[0]
    for seed in range(20):
        splits = assign_splits(SplitPlan(seed=seed), _table([(0.0, ""), (-0.0, ""), (np.nan, ""), (other_nan, "")]))
        assert splits.splits[0] == splits.splits[1]
        assert splits.splits[2] == splits.splits[3]


@given(PLANS)
def test_shares_are_met_within_the_noise_of_a_draw(plan: SplitPlan) -> None:
    splits = assign_splits(plan, _many(3000)).splits
    for split, percent in (("test", plan.test_percent), ("validation", plan.validation_percent)):
        spread = (3000 * percent * (100 - percent)) ** 0.5 / 100
        assert abs((splits == split).sum() - 30 * percent) < 5 * spread


def test_the_order_of_the_columns_does_not_matter() -> None:
    table = _many(200)
    turned = assign_splits(SplitPlan(), table[["plan", "size"]]).splits
    assert turned.tolist() == assign_splits(SplitPlan(), table).splits.tolist()


def test_a_larger_validation_split_takes_no_row_of_the_test_split() -> None:
    small, large = (assign_splits(SplitPlan(percent, 20), _many(500)).splits for percent in (10, 40))
    assert ((small == "test") == (large == "test")).all()


def test_the_split_of_a_row_never_changes_from_one_release_to_the_next() -> None:
    splits = assign_splits(SplitPlan(20, 20, 0), _many(40)).splits
    assert "".join(split[1] for split in splits.tolist()) == "aeearaarrarrrraarrrrrrerrrrrrarrrarreera"


def test_the_group_or_id_decides_and_where_it_is_absent_the_row_itself() -> None:
    table, plan = _many(300), SplitPlan(method="group", column="household")
    households = pd.Series([f"h{number // 6}" for number in range(300)], dtype=object)
    splits = assign_splits(plan, table, households).splits
    assert (splits.reshape(-1, 6) == splits.reshape(-1, 6)[:, :1]).all()
    assert set(splits) == set(SPLITS)
    unnamed = assign_splits(plan, table, pd.Series([""] * 300, dtype=object)).splits
    assert unnamed.tolist() == assign_splits(SplitPlan(), table).splits.tolist()


def test_by_time_the_newest_rows_are_the_test_and_equal_times_stay_together() -> None:
    times = pd.Series([*np.repeat(np.arange(20.0), 5), np.nan])
    shuffled = times.sample(frac=1, random_state=0)
    found = assign_splits(SplitPlan(method="time", column="day"), _many(101), shuffled)
    by_day = pd.Series(found.splits).groupby(shuffled.to_numpy()).unique()
    assert [each.tolist() for each in by_day] == [["train"]] * 12 + [["validation"]] * 4 + [["test"]] * 4
    assert found.splits[shuffled.isna()].tolist() == ["train"]
    assert (found.plan.validation_from, found.plan.test_from) == (12, 16)


def test_a_split_by_time_needs_times() -> None:
    with pytest.raises(DataError, match="column day, by which the rows are split, must hold times, got 3 missing"):
        assign_splits(SplitPlan(method="time", column="day"), _many(3), pd.Series([np.nan] * 3))
