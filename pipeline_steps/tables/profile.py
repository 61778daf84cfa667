"""The profile of the training split: statistics of each column, correlation and covariance."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline_steps.tables.use_case import UseCase

NUMBERS = frozenset({"number", "datetime"})
"""The kinds whose values are numbers; a datetime's are days since 2000-01-01."""

_BINS = 20
_TOP = 20


def profile_columns(use_case: UseCase, table: pd.DataFrame) -> list[dict[str, Any]]:
    """Describe each feature column, in the model's order."""
    return [
        {"name": column.name, "kind": column.kind}
        | (_number if column.kind in NUMBERS else _category)(table[column.name])
        for column in use_case.columns
    ]


def relations(use_case: UseCase, table: pd.DataFrame) -> dict[str, Any]:
    """Give correlation and covariance of the number columns and the target, over the rows where both are known.

    An entry is None where it is not defined: fewer than two such rows, or (correlation) a constant column.
    """
    names = [column.name for column in use_case.columns if column.kind in NUMBERS]
    numbers = table[[*names, *([use_case.target] if use_case.target else [])]]
    return {
        "covariance": _matrix(numbers.cov(min_periods=2)),
        "correlation": _matrix(numbers.corr(min_periods=2)),
    }


def _number(values: "pd.Series[float]") -> dict[str, Any]:
    known = values.dropna()
    described: dict[str, Any] = {"missing": len(values) - len(known), "unique": known.nunique()}
    if known.empty:
        return described
    spread = known if len(known) > 1 else known.repeat(2)  # one value does not vary
    return described | {
        "mean": known.mean(),
        "median": known.median(),
        "mode": known.mode()[0],
        "std": spread.std(),
        "variance": spread.var(),
        "min": known.min(),
        "max": known.max(),
        "quartiles": known.quantile([0.25, 0.5, 0.75]).tolist(),
        "histogram": _histogram(known),
    }


def _histogram(known: "pd.Series[float]") -> dict[str, Any]:
    edges = np.linspace(known.min(), known.max(), _BINS + 1)
    if (np.diff(edges) <= 0).any():  # constant, or too narrow for floating point: one bar
        return {"edges": [edges[0], edges[-1]], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}


def _category(values: "pd.Series[str]") -> dict[str, Any]:
    known = values[values != ""]
    counts = known.value_counts().rename_axis("value").reset_index(name="count")
    top = counts.sort_values(["count", "value"], ascending=[False, True]).head(_TOP)
    return {"missing": len(values) - len(known), "unique": len(counts), "top": top.to_dict("records")}


def _matrix(found: pd.DataFrame) -> dict[str, Any]:
    rows = found.astype(object).where(found.notna(), None)
    return {"columns": found.columns.tolist(), "matrix": rows.to_numpy().tolist()}
