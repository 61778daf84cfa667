"""Fewer columns."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.selection.by_target import ByModel, KBest
from pipeline_steps.features.selection.by_values import Correlation, Variance

METHODS: Mapping[str, Callable[..., Any]] = {
    "variance": Variance,
    "correlation": Correlation,
    "k_best": KBest,
    "model": ByModel,
}
