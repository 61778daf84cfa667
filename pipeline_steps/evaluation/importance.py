"""Permutation importance: how much worse a model is when one column's values are dealt to other rows."""

from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import Outputs
from pipeline_steps.problems.report import Losses

_SEED = 0
_REPEATS = 5
_MOST_ROWS = 2000
_MOST_SCORED = 300_000
"""Rows that are scored in all: about a second, however many columns there are."""
_FEWEST_ROWS = 50


def permutation_importance(
    columns: Mapping[str, Sequence[int]],
    features: NDArray[np.float32],
    *,
    score: Callable[[NDArray[np.float32]], Outputs],
    losses: Callable[[Outputs, NDArray[np.int64]], Losses],
    confidence: float,
) -> dict[str, Any]:
    """Give each column's importance, the greatest first: the mean increase of the loss, with its interval.

    The interval is of the rows: each row's increase is averaged over the permutations. Columns that say the same
    stand in for each other, so that each of them may look unimportant.

    Args:
        columns: their names, and where their values lie in the features: a text has several.
        features: float32 [rows, width].
        score: of features.
        losses: of outputs for the rows at some places.
        confidence: of each column's interval.
    """
    generator = np.random.default_rng(_SEED)
    most = max(_FEWEST_ROWS, min(_MOST_ROWS, _MOST_SCORED // max(1, _REPEATS * len(columns))))
    rows = np.sort(generator.permutation(len(features))[:most])
    chosen = features[rows]
    own = losses(score(chosen), rows)
    width = NormalDist().inv_cdf((1 + confidence) / 2)
    found = []
    for name, places in columns.items():
        increases = np.zeros(len(rows))
        for _ in range(_REPEATS):
            permuted = chosen.copy()
            permuted[:, places] = permuted[generator.permutation(len(rows))][:, places]
            increases += losses(score(permuted), rows).of_rows - own.of_rows
        increases /= _REPEATS
        mean = float(increases.mean())
        error = width * float(increases.std(ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else 0.0
        found.append({"column": name, "importance": mean, "low": mean - error, "high": mean + error})
    found.sort(key=lambda entry: -float(str(entry["importance"])))
    return {"method": "permutation", "loss": own.name, "rows": len(rows), "repeats": _REPEATS, "columns": found}
