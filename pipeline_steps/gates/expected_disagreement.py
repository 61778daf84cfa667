"""By how much the responses of two good models differ: more on a table that says little of its target."""

import math
from typing import Any

from pipeline_steps.artifact.reading import Artifact

_LEAST_PERCENT = 10.0


def expected_disagreement_percent(champion: Artifact | None) -> float:
    """Expect the share of other labels from a model that is as accurate on validation as the champion."""
    if champion is None:
        return _LEAST_PERCENT
    return accurate_models_differ_percent(_validation(champion, "accuracy"), len(champion.contract.classes))


def typical_error(champion: Artifact) -> float:
    """Give the champion's error on validation where it predicts numbers, else 0."""
    return _validation(champion, "rmse") or 0.0


def accurate_models_differ_percent(accuracy: float | None, classes: int) -> float:
    """Expect it of two models whose errors have nothing to do with each other.

    Two wrong labels are the same by chance; errors that are alike make it less. At least ten, and ten where there is no
    accuracy: numbers and clusters have none.
    """
    if accuracy is None or accuracy > 1:
        return _LEAST_PERCENT
    return max(_LEAST_PERCENT, 100 * (1 - accuracy**2 - (1 - accuracy) ** 2 / max(1, classes - 1)))


def _validation(artifact: Artifact, metric: str) -> float | None:
    """Read a metric; None where there is none, as a script may write what it likes."""
    measured: Any = artifact.document("metrics.json").get("validation")
    value = measured.get(metric) if isinstance(measured, dict) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
