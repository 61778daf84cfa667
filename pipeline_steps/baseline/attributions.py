"""Attributions: how much each column contributes to a model's scores."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.baseline import Baseline

METHOD = "occlusion"
"""The name of the method in reports."""

_DECIMALS = 6
_SEED = 0

Score = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def attributions(score: Score, baseline: Baseline, features: NDArray[np.float32], *, rows: int) -> dict[str, float]:
    """Give each column's attribution: by how much, on average, a row's score owes to its own value there.

    A row is scored with the column's value replaced by each value of the training data (the lower edges of the
    bins, or the categories, or none), and the scores are averaged by how often each occurs. The attribution is the
    mean distance of the rows' scores from that: occlusion, the last step of a Shapley value. It needs the graph alone,
    and no row of the training data. Of columns with the same information it names none, in training as in production.

    Args:
        score: of float32 [rows, columns].
        baseline: the training data's bins.
        features: float32 [rows, columns], in the contract's order.
        rows: at most so many are used, chosen by a fixed seed.
    """
    if len(features) > rows:
        chosen = np.random.default_rng(_SEED).choice(len(features), rows, replace=False)
        features = features[np.sort(chosen)]
    own = score(features).astype(np.float64)
    found = {}
    for place, bins in enumerate(baseline.columns):
        values, shares = bins.seen()
        occluded = np.repeat(features, len(values), axis=0)
        occluded[:, place] = np.tile(values, len(features))
        expected = score(occluded).astype(np.float64).reshape(len(features), len(values)) @ shares
        found[bins.name] = round(float(np.abs(own - expected).mean()), _DECIMALS)
    return found
