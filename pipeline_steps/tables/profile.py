"""What the training split looks like: statistics of each column and how they move together."""

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.schema import Schema
from pipeline_steps.tables.table import Table

_BINS = 20
_TOP = 20


def profile_columns(schema: Schema, table: Table) -> list[dict[str, Any]]:
    """Describe each feature column, in the schema's order."""
    return [
        {"name": column.name, "kind": column.kind}
        | (_number(table[column.name]) if column.kind == "number" else _category(table[column.name]))
        for column in schema.columns
    ]


def relations(schema: Schema, table: Table) -> dict[str, Any]:
    """Give correlation and covariance of the number columns and the target, over the rows where both are known.

    An entry is None where it is not defined: fewer than two such rows, or (correlation) a constant column.
    """
    names = [*(column.name for column in schema.columns if column.kind == "number"), schema.target]
    columns = [table[name].astype(np.float64) for name in names]
    covariance = [[_covariance(one, other) for other in columns] for one in columns]
    correlation = [[_correlation(one, other) for other in columns] for one in columns]
    return {
        "covariance": {"columns": names, "matrix": covariance},
        "correlation": {"columns": names, "matrix": correlation},
    }


def _number(values: NDArray[np.float64]) -> dict[str, Any]:
    known = values[~np.isnan(values)]
    described: dict[str, Any] = {"missing": len(values) - len(known), "unique": len(np.unique(known))}
    if not len(known):
        return described
    uniques, counts = np.unique(known, return_counts=True)
    variance = float(known.var(ddof=1)) if len(known) > 1 else 0.0
    return described | {
        "mean": float(known.mean()),
        "median": float(np.median(known)),
        "mode": float(uniques[np.argmax(counts)]),
        "std": variance**0.5,
        "variance": variance,
        "min": float(known.min()),
        "max": float(known.max()),
        "quartiles": np.quantile(known, (0.25, 0.5, 0.75)).tolist(),
        "histogram": _histogram(known),
    }


def _histogram(known: NDArray[np.float64]) -> dict[str, Any]:
    edges = np.linspace(known.min(), known.max(), _BINS + 1)
    if (np.diff(edges) <= 0).any():  # constant, or too narrow for floating point: one bar
        return {"edges": [edges[0], edges[-1]], "counts": [len(known)]}
    return {"edges": edges.tolist(), "counts": np.histogram(known, edges)[0].tolist()}


def _category(values: NDArray[np.object_]) -> dict[str, Any]:
    counts = Counter(value for value in values.tolist() if value)
    by_count = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {
        "missing": len(values) - counts.total(),
        "unique": len(counts),
        "top": [{"value": value, "count": count} for value, count in by_count[:_TOP]],
    }


def _both_known(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = ~(np.isnan(one) | np.isnan(other))
    return one[known], other[known]


def _covariance(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    one, other = _both_known(one, other)
    if len(one) < 2:
        return None
    return float(np.dot(one - one.mean(), other - other.mean()) / (len(one) - 1))


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    one, other = _both_known(one, other)
    if len(one) < 2:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):  # a constant column, or one whose variance underflows
        found = float(np.corrcoef(one, other)[0, 1])
    return found if math.isfinite(found) else None
