"""The outcomes of a binary model at many thresholds."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.problems.binary.threshold import cut_outcomes

_POINTS = 200


def threshold_curve(
    positive: NDArray[np.bool_], scores: NDArray[np.float32], value: Mapping[str, Any] | None
) -> list[dict[str, float]]:
    """Give, at no more than 200 thresholds by equal shares of the cuts, ascending, how labels turn out."""
    cuts = cut_outcomes(positive, scores)
    kept = np.unique(np.linspace(0, len(cuts.thresholds) - 1, min(_POINTS, len(cuts.thresholds))).round().astype(int))
    rows, positives = len(scores), int(positive.sum())
    curve = []
    for threshold, hits, said in zip(*(each[kept].tolist() for each in cuts), strict=True):
        right = hits + (rows - said) - (positives - hits)
        point = {
            "threshold": threshold,
            "precision": hits / said if said else 0.0,
            "recall": hits / positives if positives else 0.0,
            "f1": 2 * hits / (said + positives) if said + positives else 0.0,
            "accuracy": right / rows,
            "share_positive": said / rows,
        }
        if value is not None:
            worth = (
                value["true_positive"] * hits
                + value["false_positive"] * (said - hits)
                + value["false_negative"] * (positives - hits)
                + value["true_negative"] * (rows - said - (positives - hits))
            )
            point["value_per_1000"] = 1000 * worth / rows
        curve.append(point)
    return curve
