"""Feature columns fitted on the training split; no other split is used here."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.text_column import TextColumn
from pipeline_steps.features.text_options import text_options
from pipeline_steps.tables.cells import RARE_ROWS
from pipeline_steps.tables.datetimes import ISO
from pipeline_steps.tables.use_case import Column, UseCase

_PRIOR_ROWS = 20.0
"""How many rows of the average a category's mean is mixed with, so that small ones are not extreme."""

_FLAG = 2
_OTHER = None


def fit_columns(use_case: UseCase, table: pd.DataFrame, order: NDArray[np.float64]) -> tuple[FeatureColumn, ...]:
    """Learn ranges, categories and their order from the training split: by the mean of `order`, a number a row.

    Every model takes missing values, also where these rows have none: later rows may.
    """
    numbers = order.tolist()
    return tuple(_fitted(column, table[column.name], numbers, use_case.features) for column in use_case.columns)


def _fitted(column: Column, values: "pd.Series[Any]", order: list[float], recipe: Mapping[str, Any]) -> FeatureColumn:
    match column.kind:
        case "category":
            return _category(column, values.tolist(), order)
        case "boolean":
            return BooleanColumn(column.name)
        case "datetime":
            times = bool((values.dropna() % 1 != 0).any())
            return DatetimeColumn(column.name, *_range(values), missing=True, format=column.format or ISO, times=times)
        case "text":
            ngrams = text_options(recipe, column.name).counted
            lengths = values.str.strip().str.len().astype(np.float64)
            return TextColumn(column.name, *_range(lengths[lengths > 0]), missing=True, ngrams=ngrams)
        case "number":
            return NumberColumn(column.name, *_range(values), missing=True)


def _range(values: "pd.Series[float]") -> tuple[float, float]:
    known = values.dropna()
    return (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)


def _category(column: Column, values: list[str], order: list[float]) -> CategoryColumn:
    rows = Counter(value for value in values if value)
    frequent = {value for value, count in rows.items() if count >= RARE_ROWS}
    groups = [None if value and value not in frequent else value for value in values]
    count = Counter(groups)
    sums: dict[str | None, float] = dict.fromkeys(count, 0.0)
    for group, number in zip(groups, order, strict=True):
        sums[group] += number
    average = sum(order) / max(1, len(order))

    def smoothed_mean(group: str | None) -> tuple[float, str]:
        # the name breaks ties, so that the order never depends on the order of the rows
        return (sums.get(group, 0.0) + _PRIOR_ROWS * average) / (count[group] + _PRIOR_ROWS), group or ""

    ordered = sorted([*frequent, _OTHER], key=smoothed_mean)
    return CategoryColumn(
        column.name,
        categories=tuple(group for group in ordered if group is not None),
        other_code=ordered.index(_OTHER),
        # two values and no other are a flag: a third one is a broken caller, not a rare case
        accepts_unknown=not len(rows) == len(frequent) == _FLAG,
        missing=True,
    )
