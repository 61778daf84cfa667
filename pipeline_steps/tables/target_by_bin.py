"""What the target is in each part of a column: the rate of its labels, or its mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.tables.use_case import UseCase

_BINS = 10
_BINARY = 2
_MOST_LABELS = 5


@dataclass(frozen=True)
class MeasuredTarget:
    """One column a measured label, or one for the mean of the number; only rows whose target is known.

    Of two labels the second is measured, of several the most frequent ones.
    """

    labels: tuple[str, ...]
    values: NDArray[np.float64]
    rows: NDArray[np.bool_]

    @classmethod
    def of(cls, use_case: UseCase, table: pd.DataFrame) -> Self | None:
        """Read the target of `table`; None where there is none."""
        if use_case.target is None:
            return None
        target = table[use_case.target].to_numpy(dtype=np.float64)
        rows = ~np.isnan(target)
        known = target[rows]
        if not use_case.classes:
            return cls((), known[:, np.newaxis], rows)
        counts = np.bincount(known.astype(np.int64), minlength=len(use_case.classes))
        places = [1] if len(counts) == _BINARY else np.argsort(-counts, kind="stable")[:_MOST_LABELS].tolist()
        rates = known[:, np.newaxis] == np.array(places, dtype=np.float64)
        return cls(tuple(use_case.classes[place] for place in places), rates.astype(np.float64), rows)

    def by_number(self, values: NDArray[np.floating]) -> dict[str, Any]:
        """Measure in bins of about equal rows, or at each of a few values; a missing value is in none."""
        present = self.rows & ~np.isnan(values)
        known = values[present]
        if not len(known):
            return {"edges": [], "rows": [], "target": []}
        edges = _edges(known)
        places = np.clip(np.searchsorted(edges, known, side="right") - 1, 0, len(edges) - 2)
        return {"edges": edges.tolist()} | self._measured(places, len(edges) - 1, present[self.rows])

    def by_value(self, values: NDArray[np.object_], shown: Sequence[str]) -> dict[str, Any]:
        """Measure at each of the values in `shown`."""
        place_of = {value: place for place, value in enumerate(shown)}
        places = pd.Series(values[self.rows]).map(place_of).fillna(-1).to_numpy(dtype=np.int64)
        return {"values": list(shown)} | self._measured(places[places >= 0], len(shown), places >= 0)

    def _measured(self, places: NDArray[np.integer], count: int, kept: NDArray[np.bool_]) -> dict[str, Any]:
        rows = np.bincount(places, minlength=count)
        sums = np.stack([np.bincount(places, each[kept], minlength=count) for each in self.values.T], axis=1)
        means = sums / np.maximum(1, rows)[:, np.newaxis]
        found = [mean.tolist() if number else None for mean, number in zip(means, rows, strict=True)]
        return {"rows": rows.tolist(), "target": found}


def _edges(known: NDArray[np.floating]) -> NDArray[np.floating]:
    """Edges of the bins, each closed below; a value that fills several bins has one of its own."""
    distinct = np.unique(known)
    if len(distinct) <= _BINS:
        return np.append(distinct, distinct[-1])
    quantiles = np.quantile(known, np.linspace(0, 1, _BINS + 1), method="higher")
    filling = quantiles[:-1][np.diff(quantiles) <= 0]
    after = np.searchsorted(distinct, filling, side="right")
    return np.unique([*quantiles, *distinct[np.minimum(after, len(distinct) - 1)]])
