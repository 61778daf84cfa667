"""The profile of the training split: statistics of each column, its outliers, and the target in its parts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from pipeline_steps.tables.column_outliers import outlier_counts, whiskers
from pipeline_steps.tables.target_by_bin import MeasuredTarget
from pipeline_steps.tables.use_case import NUMBERS, Column, UseCase

_BINS = 20
_TOP = 20


def profile_columns(
    use_case: UseCase, table: pd.DataFrame, *, read_characters: Mapping[str, int] = MappingProxyType({})
) -> list[dict[str, Any]]:
    """Describe each feature column, in the model's order; of each text at most so many characters are read."""
    target = MeasuredTarget.of(use_case, table)
    return [
        {"name": column.name, "kind": column.kind} | _described(column, table[column.name], target, read_characters)
        for column in use_case.columns
    ]


def measured_labels(use_case: UseCase, table: pd.DataFrame) -> list[str]:
    """Give the labels whose rates `target_by_bin` has; none where it has means, or there is no target."""
    target = MeasuredTarget.of(use_case, table)
    return list(target.labels) if target else []


def _described(
    column: Column, values: "pd.Series[Any]", target: MeasuredTarget | None, read_characters: Mapping[str, int]
) -> dict[str, Any]:
    if column.kind in NUMBERS:
        return _number(column, values, target)
    if column.kind != "text":
        return _category(values, target)
    return _lengths(column, values, target, read_characters.get(column.name))


def _lengths(
    column: Column, values: "pd.Series[str]", target: MeasuredTarget | None, most: int | None
) -> dict[str, Any]:
    """Describe a text by its number of characters: the profile outlives the rows, and repeats none of them."""
    lengths = values.str.len().astype(np.float64)
    found = _number(column, lengths.where(lengths > 0), target) | {"unique": values[values != ""].nunique()}
    return found if most is None else found | {"read_characters": most, "cut": int((lengths > most).sum())}


def _number(column: Column, values: "pd.Series[float]", target: MeasuredTarget | None) -> dict[str, Any]:
    known = values.dropna()
    described: dict[str, Any] = {"missing": len(values) - len(known), "unique": known.nunique()}
    if known.empty:
        return described
    spread = known if len(known) > 1 else known.repeat(2)  # one value does not vary
    quartiles = known.quantile([0.25, 0.5, 0.75]).tolist()
    possible = known[column.is_possible(known)]
    if len(possible) < len(known):
        described["impossible"] = len(known) - len(possible)
    described |= {
        "mean": known.mean(),
        "median": known.median(),
        "mode": known.mode()[0],
        "std": spread.std(),
        "variance": spread.var(),
        "min": known.min(),
        "max": known.max(),
        "quartiles": quartiles,
        "whiskers": whiskers(known.to_numpy(dtype=np.float64), quartiles),
        "outliers": outlier_counts(possible.to_numpy(dtype=np.float64)),
        "histogram": _histogram(known),
    }
    return described | ({"target_by_bin": target.by_number(values.to_numpy(dtype=np.float64))} if target else {})


def _histogram(known: "pd.Series[float]") -> dict[str, Any]:
    edges = np.linspace(known.min(), known.max(), _BINS + 1)
    if (np.diff(edges) <= 0).any():  # constant, or too narrow for floating point: one bar
        return {"edges": [edges[0], edges[-1]], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}


def _category(values: "pd.Series[str]", target: MeasuredTarget | None) -> dict[str, Any]:
    known = values[values != ""]
    counts = known.value_counts().rename_axis("value").reset_index(name="count")
    top = counts.sort_values(["count", "value"], ascending=[False, True]).head(_TOP)
    described = {"missing": len(values) - len(known), "unique": len(counts), "top": top.to_dict("records")}
    if target is None or top.empty:
        return described
    return described | {"target_by_bin": target.by_value(values.to_numpy(dtype=object), top["value"].tolist())}
