"""Whether every split has its share of each label, or of small and large numbers, and a seed with which it has."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.tables.split import SPLITS, assign_splits
from pipeline_steps.tables.use_case import SplitPlan

_SEEDS = 30
_DIVIDED_ROWS = 1_000_000
"""At most so many rows, of all seeds together: a large table is seldom divided unevenly."""
_BEYOND_CHANCE = 3.5
"""Standard deviations of a random draw."""
_BY_A_LOT = 1.3
_LEAST_EXPECTED = 5
_FEW, _ENOUGH = 3, 10
"""So few rows of a label measure nothing; in a draw that should have enough of them they are seldom."""
_OFF_RANK = 0.05
_RANK_DEVIATION = 12**-0.5

Places = NDArray[np.int64]


class Uneven(NamedTuple):
    """A split that differs: in the share of a label (or in how many rows it has), or in the median of numbers."""

    split: str
    label: int | None
    rows: int
    found: float
    expected: float


@dataclass(frozen=True)
class Divided:
    """Rows with a target, divided by a plan.

    Attributes:
        by: the values that decide instead of the features, where the method has a column.
        target: the place of each row's label, or a number.
        labels: how many labels there are; 0 for numbers.
        strata: the stratum of each row, as its problem numbers them.
        measured: the splits that models are measured on.
        known: the name of each row's split, where the plan has been followed already.
    """

    plan: SplitPlan
    features: pd.DataFrame
    by: "pd.Series[Any] | None"
    target: NDArray[np.float64]
    labels: int
    strata: Places
    measured: tuple[str, ...] = ("validation", "test")
    known: NDArray[np.str_] | None = None

    @property
    def names(self) -> NDArray[np.str_]:
        """The name of each row's split."""
        return assign_splits(self.plan, self.features, self.by).splits if self.known is None else self.known

    def uneven(self) -> list[Uneven]:
        """What differs from the whole table beyond chance and by a lot, and labels of which a split has too few."""
        names = self.names
        if self.labels:
            return [found for name in SPLITS for found in self._labels(name, names == name)]
        ranks = np.asarray(pd.Series(self.target).rank(pct=True), dtype=np.float64)
        return [found for name in SPLITS for found in self._numbers(name, names == name, ranks)]

    def balanced(self) -> Self:
        """Divided by the seed, of a few, that divides strata and rows most evenly.

        A seed is one number for the whole table: with it, no row's split depends on other rows either.
        """
        seeds = range(0 if self.plan.method == "time" else min(_SEEDS, _DIVIDED_ROWS // len(self.target)))
        plans = [self.plan, *(replace(self.plan, seed=seed) for seed in seeds)]
        return min((replace(self, plan=plan, known=None) for plan in plans), key=_chi_squared)

    def _labels(self, name: str, inside: NDArray[np.bool_]) -> Iterator[Uneven]:
        rows, total = int(inside.sum()), len(self.target)
        all_rows = np.bincount(self.target.astype(np.int64), minlength=self.labels)
        found = np.bincount(self.target[inside].astype(np.int64), minlength=self.labels)
        share, expected = all_rows / total, all_rows / total * rows
        noise = np.sqrt(expected * (1 - share) * (1 - rows / total))
        ratio = np.maximum(found / np.maximum(expected, 1), expected / np.maximum(found, 1))
        uneven = (np.abs(found - expected) > _BEYOND_CHANCE * noise) & (ratio > _BY_A_LOT)
        uneven &= expected >= _LEAST_EXPECTED
        few = (found < _FEW) & (expected >= _ENOUGH) & (name in self.measured)
        absent = (found == 0) & (all_rows >= len(SPLITS))
        for label in np.flatnonzero(uneven | few | absent).tolist():
            yield Uneven(name, label, int(found[label]), float(found[label] / max(rows, 1)), float(share[label]))

    def _numbers(self, name: str, inside: NDArray[np.bool_], ranks: NDArray[np.float64]) -> Iterator[Uneven]:
        rows = int(inside.sum())
        off = abs(float(ranks[inside].mean()) - 0.5) if rows else 0.0
        if off > _OFF_RANK and off > _BEYOND_CHANCE * _RANK_DEVIATION / rows**0.5:
            yield Uneven(name, None, rows, float(np.median(self.target[inside])), float(np.median(self.target)))


def _chi_squared(divided: Divided) -> float:
    """Pearson's, of splits by strata."""
    plan = divided.plan
    shares = np.array([100 - plan.validation_percent - plan.test_percent, plan.validation_percent, plan.test_percent])
    names = divided.names
    found = np.zeros((len(SPLITS), int(divided.strata.max()) + 1))
    np.add.at(found, (np.select([names == name for name in SPLITS], [0, 1, 2]), divided.strata), 1)
    expected = shares[:, None] / 100 * np.bincount(divided.strata)[None, :]
    return float(((found - expected) ** 2 / np.maximum(expected, 1)).sum())
