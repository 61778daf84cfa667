"""What the server has scored: counted since it was last asked, and the newest rows to compare with the baseline."""

from collections import deque
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.monitoring.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.monitoring.embedded_metrics import Metric

WINDOW_ROWS = 5000

Scored = tuple[NDArray[np.float32], NDArray[np.float32]]
"""What one request asked, [rows, columns], and what it got, [rows]."""


class Recorder:
    """Keeps inputs and scores. A request only leaves them here; the rest is done for many at once by `count`.

    Any thread may `record`; the others are for one thread.
    """

    def __init__(self, baseline: Baseline | None, *, unwatched: Collection[str] = ()) -> None:
        self._baseline, self._unwatched = baseline, unwatched
        self._waiting: deque[Scored] = deque()
        self._window: deque[Scored] = deque()
        self._window_rows = 0
        self._rows = self._upper_half = self._tails = 0
        self.record = self._waiting.append  # atomic, and ten times as fast as any function of ours

    def clear(self) -> None:
        """Forget everything."""
        self._waiting.clear()
        self._window.clear()
        self._window_rows = self._rows = self._upper_half = self._tails = 0

    def count(self) -> None:
        """Count what waits. To be called often: until then it is kept whole."""
        new = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not new:
            return
        features = np.concatenate([asked for asked, _ in new])[-WINDOW_ROWS:]
        scores = np.concatenate([got for _, got in new])
        self._rows += len(scores)
        if self._baseline and (ranks := self._baseline.ranks):
            self._upper_half += int(np.count_nonzero(scores > ranks.middle))
            self._tails += int(np.count_nonzero((scores < ranks.low) | (scores > ranks.high)))
        self._window.append((features, scores[-WINDOW_ROWS:]))
        self._window_rows += len(features)
        while self._window_rows - len(self._window[0][1]) >= WINDOW_ROWS:
            self._window_rows -= len(self._window.popleft()[1])

    def take_metrics(self) -> list[Metric]:
        """Give what was counted since the last call, and the shifts of the newest rows; nothing where nothing came."""
        self.count()
        rows, upper_half, tails = self._rows, self._upper_half, self._tails
        self._rows = self._upper_half = self._tails = 0
        if not rows:
            return []
        metrics = [Metric("ScoredRows", rows, "Count")]
        if self._baseline and self._baseline.ranks:
            metrics += [Metric("UpperHalf", upper_half, "Count"), Metric("Tails", tails, "Count")]
        if self._baseline and self._window_rows >= FEWEST_ROWS:
            features = np.concatenate([asked for asked, _ in self._window])[-WINDOW_ROWS:]
            scores = np.concatenate([got for _, got in self._window])[-WINDOW_ROWS:]
            shifts = self._baseline.input_shifts(features)
            worst = max((shift for name, shift in shifts.items() if name not in self._unwatched), default=0.0)
            metrics.append(Metric("PredictionShift", _shown(self._baseline.score.shift(scores))))
            metrics.append(Metric("InputShift", _shown(worst)))
        return metrics


def _shown(value: float) -> float:
    """Less than nothing is chance: the correction is right on average only."""
    return round(max(0.0, value), 6)
