"""What the server has scored: counts since the last metrics, and the newest rows to compare with the baseline."""

from collections import deque
from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import FEWEST_ROWS, Baseline
from pipeline_steps.baseline.drift import published
from pipeline_steps.embedded_metrics import MetricDatum
from pipeline_steps.problems.problem import Outputs

WINDOW_ROWS = 5000

Scored = tuple[NDArray[np.float32], Outputs]
"""The features of one request, [rows, columns], and the model's outputs for them."""


class ScoreRecorder:
    """Keeps inputs and outputs. A request only appends them; `count` does the rest for many at once.

    Where scores lie is counted for one row of each request, drawn at random: rows of one request are alike, and canary
    analysis takes what is counted for independent. So `ScoredRows` is the number of requests that got a score. Drift
    compares all rows.

    Any thread may `record`; the other methods are for one thread. `seed` is of the draws.
    """

    def __init__(
        self,
        contract: Contract,
        baseline: Baseline | None,
        *,
        excluded_from_drift: Collection[str] = (),
        seed: int = 0,
    ) -> None:
        self._contract, self._baseline = contract, baseline
        self._excluded_from_drift = excluded_from_drift
        self._drawing = np.random.default_rng(seed)
        self._waiting: deque[Scored] = deque()
        self._window: deque[Scored] = deque()
        self._window_rows = self._drawn = 0
        self._upper_half = self._tails = 0.0
        self.record = self._waiting.append  # atomic, and ten times as fast as any function of ours

    def clear(self) -> None:
        """Discard everything."""
        self._waiting.clear()
        self._window.clear()
        self._window_rows = self._drawn = 0
        self._upper_half = self._tails = 0.0

    def count(self) -> None:
        """Count what was recorded. To be called often: until then it is kept whole."""
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        new = [(features, outputs) for features, outputs in waiting if len(outputs)]
        if not new:
            return
        features = np.concatenate([rows for rows, _ in new])[-WINDOW_ROWS:]
        outputs = np.concatenate([each for _, each in new])
        self._drawn += len(new)
        if self._baseline and (ranks := self._baseline.ranks):
            drawn = self._contract.problem.headline(outputs[self._one_each([len(each) for _, each in new])])
            self._upper_half += float(ranks.upper_half(drawn).sum())
            self._tails += float(ranks.tails(drawn).sum())
        self._window.append((features, outputs[-WINDOW_ROWS:]))
        self._window_rows += len(features)
        while self._window_rows - len(self._window[0][1]) >= WINDOW_ROWS:
            self._window_rows -= len(self._window.popleft()[1])

    def _one_each(self, rows: list[int]) -> NDArray[np.int64]:
        """Draw one row of each request at random, for a client may have sorted them."""
        sizes = np.array(rows)
        places: NDArray[np.int64] = np.cumsum(sizes) - sizes + self._drawing.integers(sizes)
        return places

    def take_metrics(self) -> list[MetricDatum]:
        """Give the counts since the last call, and the drift of the newest rows; nothing without a request."""
        self.count()
        drawn, upper_half, tails = self._drawn, self._upper_half, self._tails
        self._drawn, self._upper_half, self._tails = 0, 0.0, 0.0
        if not drawn:
            return []
        metrics = [MetricDatum("ScoredRows", drawn, "Count")]
        if self._baseline and self._baseline.ranks:
            metrics += [
                MetricDatum("UpperHalf", round(upper_half, 6), "Count"),
                MetricDatum("Tails", round(tails, 6), "Count"),
            ]
        if self._baseline and self._window_rows >= FEWEST_ROWS:
            features, outputs = (np.concatenate(each)[-WINDOW_ROWS:] for each in zip(*self._window, strict=True))
            drift = self._baseline.input_drift(features)
            worst = max((index for name, index in drift.items() if name not in self._excluded_from_drift), default=0.0)
            predictions = self._baseline.prediction_drift(self._contract, outputs)
            metrics.append(MetricDatum("PredictionDrift", published(max(predictions))))
            metrics.append(MetricDatum("InputDrift", published(worst)))
        return metrics
