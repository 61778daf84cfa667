"""Where scores are cut: quantiles of the model's own, at which tied scores are divided between both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

RANKS = (0.1, 0.5, 0.9)
"""The share of the model's own scores below each cut."""
SAME_SCORE = 1e-5
"""Relative: closer scores count as equal. ONNX computes in float32, which rounds differently by processor and by the
rows of a request: a unit or a few in the last place of a sum of trees (1e-7), several times that after the logistic
function. Exact comparison would put all scores of a leaf on one side of a cut, or on the other."""


@dataclass(frozen=True)
class Cut:
    """Scores from `low` to `high` tie with the quantile: each counts `tied_above` above it, and the rest below."""

    low: float
    high: float
    tied_above: float

    def above(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """How much of each score lies above the cut, in 0..1."""
        return np.where(scores > self.high, 1.0, np.where(scores < self.low, 0.0, self.tied_above))

    def below(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        return 1.0 - self.above(scores)

    @classmethod
    def of_tie(cls, rank: float, rows: int, tie: Mapping[str, Any]) -> Self:
        """Read the entry of `cut_scores` for this rank; there were `rows` scores in all.

        Raises:
            ValueError: there can be no such tie.
        """
        low, high, below, equal = (tie[key] for key in ("low", "high", "below", "equal"))
        if not (low <= high and 0 <= below <= rank * rows <= below + equal <= rows and equal > 0):
            raise ValueError(f"the scores that tie at rank {rank:g} cannot be {dict(tie)} of {rows} rows")
        return cls(float(low), float(high), (below + equal - rank * rows) / equal)


def cut_scores(scores: NDArray[np.float32]) -> tuple[list[float], list[dict[str, float | int]]]:
    """Quantiles at `RANKS`, and what ties with each: from `low` to `high` are `equal` scores, and `below` are lower.

    The quantiles are scores of the sample. Two cuts whose ties overlap share them, so that no score counts more than
    once for the tails.
    """
    ordered = np.sort(scores)
    found = [ordered[max(ceil(rank * len(ordered)), 1) - 1] for rank in RANKS]
    bands: list[list[np.float32]] = []
    for score in found:
        off = np.float32(SAME_SCORE) * abs(score)
        low, high = score - off, score + off
        if bands and low <= bands[-1][1]:
            bands[-1][1] = high
            bands.append(bands[-1])
        else:
            bands.append([low, high])
    return [float(score) for score in found], [_tie(ordered, band) for band in bands]


def _tie(ordered: NDArray[np.float32], band: Sequence[np.float32]) -> dict[str, float | int]:
    below = int(np.searchsorted(ordered, band[0], side="left"))
    equal = int(np.searchsorted(ordered, band[1], side="right")) - below
    return {"low": float(band[0]), "high": float(band[1]), "below": below, "equal": equal}
