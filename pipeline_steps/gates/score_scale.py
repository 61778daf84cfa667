"""In what units a problem's scores are compared: limits of differences are shares of the range that scores have."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import LabelKind

_BINS = 10
_RANGE = (0.01, 0.99)

Scores = NDArray[np.float64]


class Compared(Protocol):
    """What a comparison of scores must know of them: a problem knows it."""

    @property
    def headline_range(self) -> tuple[float, float]: ...

    @property
    def label_kind(self) -> LabelKind: ...


@dataclass(frozen=True)
class ScoreScale:
    """The range in which scores lie, and the bins that they are counted in.

    Attributes:
        unit: the width of the range: a limit of 0.1 allows a tenth of it, which is a step.
        edges: between the bins.
        of: what the unit is, for messages; "" where it is 1.
    """

    unit: float
    edges: Scores
    of: str = ""

    @property
    def bins(self) -> int:
        return len(self.edges) + 1

    def count_bins(self, scores: Scores) -> NDArray[np.int64]:
        """Give each score's bin."""
        return np.searchsorted(self.edges, scores, side="right").astype(np.int64)

    def count_moved(self, before: Scores, after: Scores) -> NDArray[np.int64]:
        """Give each later score's bin: the earlier one's where it moved by less than a step.

        A model of few leaves gives few scores, and hundreds of rows cross an edge together when one moves from 0.19 to
        0.21.
        """
        stays = np.abs(after - before) < self.unit / _BINS
        return np.where(stays, self.count_bins(before), self.count_bins(after))


def score_scale(problem: Compared, champion: Scores) -> ScoreScale:
    """Take the problem's own range, in equal steps; or else the champion's scores on the same requests.

    Equal steps of the score, not of its rows: a move of a probability from 0.004 to 0.007 does not matter. Where scores
    have no bounds their scale is only known from the champion's: its range is from the 1st to the 99th percentile, so
    that no outlier widens it, and its bins are its own tenths.
    """
    low, high = problem.headline_range
    if np.isfinite(high - low):
        return ScoreScale(high - low, np.linspace(low, high, _BINS + 1)[1:-1])
    if not len(champion):
        return ScoreScale(1.0, np.zeros(0))
    low, high = map(float, np.quantile(champion, _RANGE))
    unit = high - low or abs(high) or 1.0  # a champion that always gives the same
    edges = np.unique(np.quantile(champion, np.arange(1, _BINS) / _BINS))
    return ScoreScale(unit, edges, of="the champion's range")
