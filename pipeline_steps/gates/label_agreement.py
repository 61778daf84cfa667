"""Which rows get another label from the candidate than from the champion."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.problem import LabelKind

Labels = NDArray[np.float64]


def labels_differ(kind: LabelKind, champion: Labels, candidate: Labels, *, tolerance: float) -> NDArray[np.bool_]:
    """Compare labels row by row.

    Args:
        kind: of the problem's labels.
        champion: one label a row.
        candidate: likewise.
        tolerance: by how much numbers may differ and still be the same: no two models give the same number.
    """
    if kind == "number":
        beyond: NDArray[np.bool_] = np.abs(candidate - champion) > tolerance
        return beyond
    other: NDArray[np.bool_] = champion != (_renumbered(champion, candidate) if kind == "group" else candidate)
    return other


def _renumbered(champion: Labels, candidate: Labels) -> Labels:
    """Give each of the candidate's groups the number of the champion's group that it has most rows in common with.

    The numbers of groups are a model's own: what users feel is who is grouped with whom. One group gets one number, so
    that all groups together have as many rows in common as possible; a group too many gets none.
    """
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 (0.2 s, and only here)

    (old, rows), (new, columns) = (np.unique(labels, return_inverse=True) for labels in (champion, candidate))
    common = np.zeros((len(old), len(new)))
    np.add.at(common, (rows, columns), 1)
    numbers = np.full(len(new), np.nan)
    of_champion, of_candidate = linear_sum_assignment(common, maximize=True)
    numbers[of_candidate] = old[of_champion]
    found: Labels = numbers[columns]
    return found
