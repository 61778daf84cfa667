"""Positive predictions by the values of one column: what bias is measured on, in training and in production."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

_MOST_VALUES = 100


@dataclass(frozen=True)
class Group:
    """So many rows, and so many of them predicted positive."""

    rows: int
    positive: int

    @property
    def share(self) -> float:
        return self.positive / self.rows

    @property
    def variance(self) -> float:
        """Of the share; not 0 where all are alike (Laplace's estimate)."""
        estimate = (self.positive + 1) / (self.rows + 2)
        return estimate * (1 - estimate) / self.rows


@dataclass(frozen=True)
class Groups:
    """One column's rows at each of `values`, ascending: a category's code, or a number and those up to the next.

    A number that takes more than 100 values has percentiles instead: whom a threshold divides is then known to
    1 % of the rows. Rows where it is missing belong to nobody.
    """

    values: NDArray[np.float32]
    rows: NDArray[np.int64]
    positive: NDArray[np.int64]

    def split(self, inside: NDArray[np.bool_]) -> tuple[Group, Group]:
        """Give the group whose values are `inside`, and all others."""
        return (
            Group(int(self.rows[inside].sum()), int(self.positive[inside].sum())),
            Group(int(self.rows[~inside].sum()), int(self.positive[~inside].sum())),
        )

    @classmethod
    def count(cls, column: NDArray[np.float32], said: NDArray[np.bool_]) -> Self:
        """Count encoded values and what was predicted of them."""
        known = ~np.isnan(column)
        column, said = column[known], said[known]
        values = np.unique(column)
        if len(values) > _MOST_VALUES:
            values = np.unique(np.quantile(column, np.arange(_MOST_VALUES) / _MOST_VALUES, method="lower"))
        place = np.searchsorted(values, column, side="right") - 1
        return cls(
            values.astype(np.float32),
            np.bincount(place, minlength=len(values)),
            np.bincount(place[said], minlength=len(values)),
        )

    def to_document(self) -> dict[str, Any]:
        return {"values": self.values.tolist(), "rows": self.rows.tolist(), "positive": self.positive.tolist()}

    @classmethod
    def from_document(cls, entry: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            ValueError: the lists do not fit each other.
        """
        made = cls(
            np.array(entry["values"], dtype=np.float32),
            np.array(entry["rows"], dtype=np.int64),
            np.array(entry["positive"], dtype=np.int64),
        )
        if not made.values.shape == made.rows.shape == made.positive.shape or (made.positive > made.rows).any():
            raise ValueError(f"predictions must have a count for each of {len(made.values)} values")
        return made
