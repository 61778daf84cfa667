"""What a model's own metrics on validation say of its errors."""

import math
from typing import Any

from pipeline_steps.artifact.reading import Artifact


def typical_error(model: Artifact) -> float:
    """Give a model's error on validation where it predicts numbers, else 0."""
    return validation_metric(model, "rmse") or 0.0


def validation_metric(artifact: Artifact, metric: str) -> float | None:
    """Read a metric; None where there is none, as a script may write what it likes."""
    measured: Any = artifact.document("metrics.json").get("validation")
    value = measured.get(metric) if isinstance(measured, dict) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None
