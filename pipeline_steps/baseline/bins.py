"""Counts of model inputs and scores, in the bins of `baseline.json`."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.drift import drift_index
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, NumberColumn

_INFINITY = np.float32(np.inf)


@dataclass(frozen=True)
class Bins:
    """One column's bins: below the edges, between them, above them, and missing; the baseline has a count for each.

    A category's code is a bin. The code that stands for rare categories stands for unseen ones too, as it does for
    the model. A number outside the training data's range has a bin of its own on either side.
    """

    name: str
    edges: NDArray[np.float32]
    baseline: NDArray[np.int64]

    def count(self, values: NDArray[np.float32]) -> NDArray[np.int64]:
        """Count encoded values; NaN is missing."""
        # the last edge is infinity, and numpy sorts NaN after it
        found = np.searchsorted(self.edges, values, side="right")
        return np.bincount(found, minlength=len(self.edges) + 1)

    def drift(self, values: NDArray[np.float32]) -> float:
        """How far `values` have drifted from the baseline: the corrected population stability index."""
        return drift_index(self.baseline, self.count(values))

    def seen(self) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Give a value of each bin with training rows, NaN for missing, and its share of the rows.

        A number's bin is represented by its lower edge: a value that many rows share is always an edge.
        """
        values = np.append(self.edges[:-2], np.float32(np.nan))
        rows = np.append(self.baseline[1:-2], self.baseline[-1])
        return values[rows > 0], rows[rows > 0] / rows.sum()

    def most_common(self) -> float:
        """Give the value of the bin with most training rows, NaN where most are missing."""
        values, shares = self.seen()
        return float(values[shares.argmax()]) if len(values) else math.nan

    def middle(self) -> float:
        """Give the lower edge of the bin with the median, NaN where more than half are missing."""
        values, shares = self.seen()
        known = ~np.isnan(values)
        if not shares[known].sum() > shares.sum() / 2:
            return math.nan
        passed = np.cumsum(shares[known])
        return float(values[known][np.searchsorted(passed, passed[-1] / 2)])

    @classmethod
    def of_number(cls, column: NumberColumn, entry: Mapping[str, Any]) -> Self:
        """Read a number column's entry; its edges enclose every value that training saw."""
        edges = _edges(entry)
        edges[-1] = np.nextafter(edges[-1], _INFINITY)
        return cls(
            column.name, np.append(edges, _INFINITY), _counts([0, *entry["counts"], 0, entry["missing"]], len(edges))
        )

    @classmethod
    def of_category(cls, column: CategoryColumn, entry: Mapping[str, Any]) -> Self:
        """Read a category column's entry, the codes in order."""
        rows = [int(entry["frequencies"][text]) for text in column.categories]
        rows.insert(column.other_code, int(entry["other"]))
        edges = np.append(np.arange(len(rows) + 1, dtype=np.float32), _INFINITY)
        return cls(column.name, edges, _counts([0, *rows, 0, entry["missing"]], len(rows) + 1))

    @classmethod
    def of_score(cls, entry: Mapping[str, Any]) -> Self:
        """Read the score's entry; its outer bins have no outer limit."""
        edges = _edges(entry)
        edges[0], edges[-1] = -_INFINITY, _INFINITY
        return cls("score", np.append(edges, _INFINITY), _counts([0, *entry["counts"], 0, 0], len(edges)))


def bins_of(column: FeatureColumn, entry: Mapping[str, Any]) -> Bins:
    """Read one column's entry of `baseline.json`."""
    return Bins.of_number(column, entry) if isinstance(column, NumberColumn) else Bins.of_category(column, entry)


def _edges(entry: Mapping[str, Any]) -> NDArray[np.float32]:
    edges = np.array(entry["edges"], dtype=np.float32)
    return edges if len(edges) > 1 else edges.repeat(2)  # what never varied has one edge


def _counts(rows: list[int], edges: int) -> NDArray[np.int64]:
    counts = np.asarray(rows, dtype=np.int64)
    if len(counts) != edges + 2 or (counts < 0).any():
        raise ValueError(f"there must be {edges - 1} counts of at least 0, got {rows[1:-2]}")
    return counts
