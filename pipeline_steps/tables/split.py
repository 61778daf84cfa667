"""Which split each row goes to: by its own content, so that no row moves because of others."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.tables.row_hash import row_fractions
from pipeline_steps.tables.use_case import SplitPlan

SPLITS = ("train", "validation", "test")


class Assignment(NamedTuple):
    """The split of every row, and the plan with what was learned of the table (the cuts, where time decides)."""

    splits: NDArray[np.str_]
    plan: SplitPlan


def assign_splits(plan: SplitPlan, features: pd.DataFrame, by: "pd.Series[Any] | None" = None) -> Assignment:
    """Assign every row to a split.

    By content, a row's features decide. The target has no say: rows that are alike but for the target would else
    be separated by it, and a model trained on the one kind and tested on the other. Rows with equal features are
    therefore in one split. By `id` and `group`, the text in `by` decides; where it is empty the features do.
    Since shares are those of a hash, they are met on average: of 150 rows 20 % are 30, give or take 5.

    By time, the newest rows are for the test, those before them for validation; equal times stay together, and a row
    without a time is for training.
    """
    if plan.method == "time":
        return _by_time(plan, _given(plan, by).to_numpy(dtype=np.float64))
    fractions = row_fractions(features, plan.seed)
    if plan.column is not None:
        keys = _given(plan, by)
        named = row_fractions(keys.rename("").to_frame(), plan.seed)
        fractions = np.where(keys == "", fractions, named)
    places = np.select(
        [fractions < plan.test_percent / 100, fractions < (plan.test_percent + plan.validation_percent) / 100], [2, 1]
    )
    return Assignment(np.array(SPLITS)[places], plan)


def _by_time(plan: SplitPlan, times: NDArray[np.float64]) -> Assignment:
    known = np.sort(times[~np.isnan(times)])
    if not len(known):
        raise DataError(f"column {plan.column}, by which the rows are split, must hold times, got {len(times)} missing")
    held_out = plan.test_percent, plan.test_percent + plan.validation_percent
    test_from, validation_from = (_cut(known, len(known) * percent / 100) for percent in held_out)
    places = np.select([times >= test_from, times >= validation_from], [2, 1])
    return Assignment(np.array(SPLITS)[places], replace(plan, validation_from=validation_from, test_from=test_from))


def _cut(times: NDArray[np.float64], newest: float) -> float:
    """The time from which on about `newest` rows are; `times` ascend."""
    distinct, first = np.unique(times, return_index=True)
    return float(distinct[np.argmin(np.abs(len(times) - first - newest))])


def _given(plan: SplitPlan, by: "pd.Series[Any] | None") -> "pd.Series[Any]":
    if by is None:
        raise ValueError(f"a split by {plan.method} needs the values of its column, got none")
    return by
