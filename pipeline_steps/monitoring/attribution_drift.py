"""Whether the order of the columns' attributions has drifted since training."""

import math
from collections.abc import Iterator, Mapping

from pipeline_steps.baseline.attributions import METHOD
from pipeline_steps.monitoring.constraints import Violation


def ndcg(usual: Mapping[str, float], now: Mapping[str, float]) -> float:
    """Normalised discounted cumulative gain of today's order of the columns: 1 where it is the usual one.

    The gain of a column is its usual attribution, as in SageMaker Clarify: little is lost where columns of like weight
    change places. Columns that tie keep the usual order. 1 where no column ever contributed.
    """
    ideal = sorted(usual, key=lambda name: -usual[name])
    order = sorted(ideal, key=lambda name: -now.get(name, 0.0))
    best = _gain(usual, ideal)
    return _gain(usual, order) / best if best else 1.0


def _gain(usual: Mapping[str, float], order: list[str]) -> float:
    return sum(usual[name] / math.log2(rank + 1) for rank, name in enumerate(order, 1))


def attribution_violations(label: str, found: float, least: float) -> Iterator[Violation]:
    """Report a gain below `least`, as Clarify's monitor of feature attribution drift does."""
    if found < least:
        description = f"the columns' order of attribution has an nDCG of {found:.4f}, below {least:g}"
        yield {
            "label": label,
            "metric_name": METHOD,
            "constraint_check_type": "feature_attribution_drift_check",
            "description": description,
        }
