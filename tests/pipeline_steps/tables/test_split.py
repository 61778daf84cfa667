import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.tables.split import SPLITS, assign_splits, block_rows
from pipeline_steps.tables.use_case import SplitPlan

SHARES = st.sampled_from([5, 10, 15, 20, 25, 40, 7, 33])
PLANS = st.builds(SplitPlan, validation_percent=SHARES, test_percent=SHARES, seed=st.integers(0, 2**31 - 1))
TARGETS = st.lists(st.booleans(), min_size=1, max_size=400).map(lambda found: np.array(found, dtype=int))


@given(PLANS, TARGETS)
def test_every_row_is_in_exactly_one_split(plan: SplitPlan, target: np.ndarray) -> None:
    assigned = assign_splits(target, plan)
    assert len(assigned) == len(target)
    assert set(assigned.tolist()) <= set(SPLITS)


@given(PLANS, TARGETS, TARGETS)
def test_a_row_keeps_its_split_when_rows_are_appended(plan: SplitPlan, first: np.ndarray, more: np.ndarray) -> None:
    whole = assign_splits(np.concatenate([first, more]), plan)
    assert whole[: len(first)].tolist() == assign_splits(first, plan).tolist()


@given(PLANS, TARGETS)
def test_each_class_is_dealt_by_the_shares_to_within_a_block(plan: SplitPlan, target: np.ndarray) -> None:
    assigned = assign_splits(target, plan)
    for label in (0, 1):
        rows = assigned[target == label]
        full = len(rows) // block_rows(plan)
        for split, percent in (("test", plan.test_percent), ("validation", plan.validation_percent)):
            a_block = block_rows(plan) * percent // 100
            count = int((rows == split).sum())
            assert full * a_block <= count <= (full + 1) * a_block


@given(PLANS, TARGETS)
def test_the_same_seed_deals_the_same_way(plan: SplitPlan, target: np.ndarray) -> None:
    assert assign_splits(target, plan).tolist() == assign_splits(target, plan).tolist()


def test_another_seed_deals_another_way() -> None:
    target = np.arange(400) % 5 == 0
    one, other = (assign_splits(target, SplitPlan(20, 20, seed)) for seed in (0, 1))
    assert (one != other).any()


def test_the_dealing_never_changes_from_one_release_to_the_next() -> None:
    assigned = assign_splits((np.arange(40) % 2 == 0).astype(int), SplitPlan(20, 20, 0))
    assert "".join(split[1] for split in assigned.tolist()) == "raraararrrrreerrrrarrrrararreeeereerrrar"


@pytest.mark.parametrize(("percents", "rows"), [((20, 20), 20), ((5, 40), 20), ((20, 12), 100), ((33, 33), 100)])
def test_blocks_are_as_small_as_the_shares_allow(percents: tuple[int, int], rows: int) -> None:
    assert block_rows(SplitPlan(*percents, seed=0)) == rows
