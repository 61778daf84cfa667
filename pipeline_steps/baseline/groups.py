"""Predictions and outcomes by the values of one column: what bias is measured on, in training and in production."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.binary.metrics import Confusion

_MOST_VALUES = 100


@dataclass(frozen=True)
class Group:
    """So many rows, and so many of them predicted positive; `outcomes` where every row's is known."""

    rows: int
    positive: int
    outcomes: Confusion | None = None


@dataclass(frozen=True)
class Truth:
    """Of a column's rows at each value: so many positive in truth, and so many both predicted so and truly."""

    positive: NDArray[np.int64]
    hits: NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """One column's rows at each of `values`, ascending: a category's code, or a number and those up to the next.

    A number that takes more than 100 values has percentiles instead: a threshold is then exact to
    1 % of the rows. Rows where it is missing belong to no group. `truth` is there where every row's outcome is known;
    older artifacts do not have it.
    """

    values: NDArray[np.float32]
    rows: NDArray[np.int64]
    positive: NDArray[np.int64]
    truth: Truth | None = None

    def split(self, inside: NDArray[np.bool_]) -> tuple[Group, Group]:
        """Give the group whose values are `inside`, and all others."""
        return self._of(inside), self._of(~inside)

    def _of(self, chosen: NDArray[np.bool_]) -> Group:
        rows, predicted = int(self.rows[chosen].sum()), int(self.positive[chosen].sum())
        if self.truth is None:
            return Group(rows, predicted)
        real, hits = int(self.truth.positive[chosen].sum()), int(self.truth.hits[chosen].sum())
        return Group(rows, predicted, Confusion(hits, predicted - hits, rows - predicted - real + hits, real - hits))

    @classmethod
    def each(
        cls, column: NDArray[np.float32], predicted: NDArray[np.bool_], real: NDArray[np.bool_] | None = None
    ) -> Self:
        """Keep every row by itself; `real` are the outcomes."""
        known = ~np.isnan(column)
        predicted = predicted[known]
        truth = (
            None if real is None else Truth(real[known].astype(np.int64), (real[known] & predicted).astype(np.int64))
        )
        return cls(column[known], np.ones(len(predicted), dtype=np.int64), predicted.astype(np.int64), truth)

    @classmethod
    def count(
        cls, column: NDArray[np.float32], predicted: NDArray[np.bool_], real: NDArray[np.bool_] | None = None
    ) -> Self:
        """Count encoded values, their predictions and, with `real`, their outcomes."""
        known = ~np.isnan(column)
        column, predicted = column[known], predicted[known]
        values = np.unique(column)
        if len(values) > _MOST_VALUES:
            values = np.unique(np.quantile(column, np.arange(_MOST_VALUES) / _MOST_VALUES, method="lower"))
        place = np.searchsorted(values, column, side="right") - 1

        def counted(chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
            return np.bincount(place[chosen], minlength=len(values))

        return cls(
            values.astype(np.float32),
            counted(np.ones_like(predicted)),
            counted(predicted),
            None if real is None else Truth(counted(real[known]), counted(real[known] & predicted)),
        )

    def to_document(self) -> dict[str, Any]:
        counts = {"rows": self.rows, "positive": self.positive}
        if self.truth is not None:
            counts |= {"truly_positive": self.truth.positive, "true_positive": self.truth.hits}
        return {"values": self.values.tolist(), **{name: array.tolist() for name, array in counts.items()}}

    @classmethod
    def from_document(cls, entry: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            ValueError: the lists do not fit each other.
        """
        values = np.array(entry["values"], dtype=np.float32)
        rows, predicted = (np.array(entry[name], dtype=np.int64) for name in ("rows", "positive"))
        if not values.shape == rows.shape == predicted.shape or (predicted > rows).any():
            raise ValueError(f"predictions must have a count for each of {len(values)} values")
        return cls(values, rows, predicted, _truth(entry, rows, predicted) if "truly_positive" in entry else None)


def _truth(entry: Mapping[str, Any], rows: NDArray[np.int64], predicted: NDArray[np.int64]) -> Truth:
    real, hits = (np.array(entry[name], dtype=np.int64) for name in ("truly_positive", "true_positive"))
    fits = real.shape == hits.shape == rows.shape and (np.maximum(0, real + predicted - rows) <= hits).all()
    if not fits or (hits > np.minimum(real, predicted)).any():
        raise ValueError(f"predictions must have outcomes that fit each of {len(rows)} values")
    return Truth(real, hits)
