"""Attributions: how much each column contributes to a model's predictions."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.problems.problem import Outputs

METHOD = "occlusion"
"""The name of the method in reports."""

_DECIMALS = 6
_SEED = 0

Predict = Callable[[NDArray[np.float32]], Outputs]


class OwnNumbers:
    """One number of each row's output: the only one, or that of the label which the row has with its own values.

    So the probability of one class is followed while columns are occluded, and not whichever is highest then.
    """

    def __init__(self, contract: Contract, outputs: Outputs) -> None:
        self.values = outputs.astype(np.float64)
        self._labels = None
        if outputs.ndim > 1:
            self._labels = contract.problem.labels(outputs, contract.decision).astype(np.int64)
            self.values = self.values[np.arange(len(outputs)), self._labels]

    def occluded(self, outputs: Outputs) -> NDArray[np.float64]:
        """Give the same number of outputs of [rows * times], as [rows, times]."""
        times = len(outputs) // len(self.values)
        if self._labels is not None:
            outputs = outputs[np.arange(len(outputs)), np.repeat(self._labels, times)]
        return outputs.astype(np.float64).reshape(-1, times)


def attributions(
    predict: Predict, contract: Contract, baseline: Baseline, features: NDArray[np.float32], *, rows: int
) -> dict[str, float]:
    """Give each column's attribution: by how much, on average, a row's prediction owes to its own value there.

    A row is predicted with the column's value replaced by each value of the training data (the lower edges of the
    bins, or the categories, or none), and the predictions are averaged by how often each occurs. The attribution is the
    mean distance of the rows' predictions from that: occlusion, the last step of a Shapley value. A text is replaced by
    the average text, in the lengths of training. It needs the graph
    alone, and no row of the training data. Of columns with the same information it names none, in training as in
    production.

    Args:
        predict: of float32 [rows, columns].
        contract: the model's.
        baseline: the training data's bins.
        features: float32 [rows, columns], in the contract's order.
        rows: at most so many are used, chosen by a fixed seed.
    """
    if len(features) > rows:
        chosen = np.random.default_rng(_SEED).choice(len(features), rows, replace=False)
        features = features[np.sort(chosen)]
    own = OwnNumbers(contract, predict(features))
    found = {}
    for place, bins in enumerate(baseline.columns):
        values, shares = bins.seen()
        occluded = np.repeat(features, len(values), axis=0)
        occluded[:, place] = np.tile(values, len(features))
        if text := baseline.texts.get(place):
            text.fill_average(occluded, slice(None))
        expected = own.occluded(predict(occluded)) @ shares
        found[bins.name] = round(float(np.abs(own.values - expected).mean()), _DECIMALS)
    return found
