"""The score from which a row is labelled positive."""

import numpy as np
from numpy.typing import NDArray


def accurate_threshold(positive: NDArray[np.bool_], scores: NDArray[np.float32]) -> float:
    """Choose, of the cuts that label about as many rows right as the best one, the nearest to one half.

    "About as many" is the one-standard-error rule. A calibrated model is most accurate at one half, and a cut that
    wins by a few rows of the validation split wins by luck: it moves away from one half only for a reason. Cuts lie
    half-way between neighbouring scores, so that no row sits on the edge.
    """
    cuts, right = _accuracy_of_cuts(positive, scores)
    best = right.max() / len(scores)
    standard_error = np.sqrt(best * (1 - best) / len(scores))
    good = cuts[right / len(scores) >= best - standard_error]
    return float(good[np.argmin(np.abs(good - 0.5))])


def _accuracy_of_cuts(
    positive: NDArray[np.bool_], scores: NDArray[np.float32]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """List every cut that labels the rows in another way, ascending, and how many rows it labels right."""
    order = np.argsort(scores, kind="stable")
    ordered = scores[order].astype(np.float64)
    edges = np.flatnonzero(np.diff(ordered) > 0) + 1
    inner = (ordered[edges - 1] + ordered[edges]) / 2
    cuts = np.concatenate([[ordered[0] / 2], inner, [(1 + ordered[-1]) / 2]])
    below = np.concatenate([[0], edges, [len(ordered)]])
    positives_below = np.concatenate([[0], np.cumsum(positive[order], dtype=np.int64)])[below]
    return cuts, (below - positives_below) + (int(positive.sum()) - positives_below)
