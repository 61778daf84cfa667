"""How the number columns and the target of the training split vary together."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.tables.use_case import NUMBERS, UseCase

MOST_COLUMNS = 30
"""Of more, the ones that correlate most; a table of 200 columns has 20,000 pairs."""
_MOST_ROWS = 100_000
_PLOTS = 4
_CELLS = 24
_PLOT_ROWS = 10


def relations(use_case: UseCase, table: pd.DataFrame) -> dict[str, Any]:
    """Give correlation and covariance, over the rows where both are known, and the strongest pairs as scatter plots.

    An entry is None where it is not defined: fewer than two such rows, or (correlation) a constant column. Of many
    rows a part is taken evenly; `relations` says how many, and which columns are left out.
    """
    names = [column.name for column in use_case.columns if column.kind in NUMBERS]
    every = [*names, *([use_case.target] if use_case.target else [])]
    numbers = table[every].iloc[:: -(-len(table) // _MOST_ROWS) or 1]
    correlation = numbers.corr(min_periods=2)
    kept = _strongest(correlation.abs().to_numpy(dtype=np.float64), len(every), keep_last=use_case.target is not None)
    shown = [every[place] for place in kept]
    left_out = [name for name in every if name not in set(shown)]
    return {
        "relations": {"rows": len(numbers), "columns": len(every), "left_out": left_out},
        "covariance": _matrix(numbers[shown].cov(min_periods=2)),
        "correlation": _matrix(correlation.loc[shown, shown]),
        "scatter": _scatter(numbers[names], correlation.loc[names, names].to_numpy(dtype=np.float64)),
    }


def _strongest(strength: NDArray[np.float64], count: int, *, keep_last: bool) -> list[int]:
    """Places of the columns with the strongest correlation to another, in the table's order; the target is kept."""
    if count <= MOST_COLUMNS:
        return list(range(count))
    others = np.where(np.eye(count, dtype=bool) | np.isnan(strength), 0, strength).max(axis=1)
    if keep_last:
        others[-1] = np.inf
    return sorted(np.argsort(-others, kind="stable")[:MOST_COLUMNS].tolist())


def _scatter(numbers: pd.DataFrame, correlation: NDArray[np.float64]) -> list[dict[str, Any]]:
    """The pairs that correlate most, as counts in a grid: the profile outlives the rows and repeats none of them."""
    strength = np.nan_to_num(np.abs(np.triu(correlation, 1)))
    plots = []
    for place in np.argsort(-strength, axis=None, kind="stable")[:_PLOTS].tolist():
        x, y = divmod(place, len(correlation))
        if strength[x, y] <= 0:
            break
        pair = numbers.iloc[:, [x, y]].dropna().to_numpy(dtype=np.float64)
        if len(pair) < _PLOT_ROWS:
            continue
        ends = [(float(each.min()), float(each.max())) for each in pair.T]
        if any((np.diff(np.linspace(low, high, _CELLS + 1)) <= 0).any() for low, high in ends):
            continue  # too narrow for floating point
        counts = np.histogram2d(pair[:, 0], pair[:, 1], bins=_CELLS, range=ends)[0].astype(np.int64)
        columns, name = counts.nonzero(), numbers.columns
        cells = np.stack([*columns, counts[columns]], axis=1).tolist()
        plots.append(
            {
                "x": name[x],
                "y": name[y],
                "correlation": float(correlation[x, y]),
                "ranges": ends,
                "cells_a_side": _CELLS,
                "cells": cells,
            }
        )
    return plots


def _matrix(found: pd.DataFrame) -> dict[str, Any]:
    rows = found.astype(object).where(found.notna(), None)
    return {"columns": found.columns.tolist(), "matrix": rows.to_numpy().tolist()}
