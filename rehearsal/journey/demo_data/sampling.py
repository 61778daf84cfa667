"""What the generators have in common: columns, chances and moments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Column = NDArray[Any]
Columns = Mapping[str, Column]


def generator(*, rows: int, seed: int) -> np.random.Generator:
    """The source of all chance in a table.

    Raises:
        ValueError: `rows` is not positive.
    """
    if rows < 1:
        raise ValueError(f"rows must be at least 1, got {rows}")
    return np.random.default_rng(seed)


def logistic(score: Column) -> Floats:
    return np.asarray(1 / (1 + np.exp(-score)), dtype=float)


def shares(weights: Iterable[float]) -> Floats:
    """The weights as shares of 1."""
    found = np.array(list(weights), dtype=float)
    return np.asarray(found / found.sum(), dtype=float)


def chosen(rng: np.random.Generator, weights: Mapping[str, float], rows: int) -> Column:
    """One of the names in each row, as often as its weight says."""
    return rng.choice(list(weights), size=rows, p=shares(weights.values()))


def drawn(rng: np.random.Generator, scores: Floats, names: Sequence[str]) -> Column:
    """One of the names in each row; `scores` [rows, names] are logarithms of their chances, up to a constant."""
    best: NDArray[np.intp] = np.argmax(scores + rng.gumbel(size=scores.shape), axis=1)
    return np.asarray(names)[best]


def moments(rng: np.random.Generator, rows: int, *, start: str, days: int) -> NDArray[np.datetime64]:
    """Ascending moments of whole minutes in the `days` from `start` on."""
    minutes = np.sort(rng.integers(0, days * 24 * 60, size=rows))
    return np.datetime64(start, "m") + minutes.astype("timedelta64[m]")


def progress(rows: int) -> Floats:
    """How far the period has gone at each row: from 0 to just below 1."""
    return np.arange(rows) / rows
