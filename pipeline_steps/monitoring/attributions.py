"""How much each column sways a model's scores, and whether their order has drifted since training."""

import math
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.monitoring.baseline import Baseline
from pipeline_steps.monitoring.constraints import Violation

METHOD = "occlusion"
"""What reports call the way that attributions are found."""

_DECIMALS = 6
_SEED = 0

Score = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def attributions(score: Score, baseline: Baseline, features: NDArray[np.float32], *, rows: int) -> dict[str, float]:
    """Give each column's attribution: by how much, on average, a row's score owes to its own value there.

    A row is scored with the column's value replaced by each value that training saw there (the lower edges of the
    bins, or the categories, or none), and the scores are averaged by how often training saw it. The attribution is the
    mean distance of the rows' scores from that: occlusion, the last step of a Shapley value. It needs the graph alone,
    and no row of the training data. Of columns that say the same it names none, in training as in production.

    Args:
        score: of float32 [rows, columns].
        baseline: what training saw.
        features: float32 [rows, columns], in the contract's order.
        rows: so many are looked at, chosen by a fixed seed.
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


def ndcg(usual: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain of today's order of the columns: 1 where it is the usual one.

    The gain of a column is its usual attribution, as in SageMaker Clarify: little is lost where columns of like weight
    change places. Columns that tie keep the usual order. 1 where nothing ever swayed the model.
    """
    ideal = sorted(usual, key=lambda name: -usual[name])
    order = sorted(ideal, key=lambda name: -now.get(name, 0.0))
    best = _gain(usual, ideal)
    return _gain(usual, order) / best if best else 1.0


def _gain(usual: Mapping[str, float], order: list[str]) -> float:
    return sum(usual[name] / math.log2(rank + 1) for rank, name in enumerate(order, 1))


def attribution_violations(label: str, found: float, least: float) -> Iterator[Violation]:
    """Tell a gain below `least`, as Clarify's monitor of feature attribution drift does."""
    if found < least:
        told = f"the columns' order of attribution has an nDCG of {found:.4f}, below {least:g}"
        yield {
            "label": label,
            "metric_name": METHOD,
            "constraint_check_type": "feature_attribution_drift_check",
            "description": told,
        }
