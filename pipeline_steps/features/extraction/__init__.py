"""New columns made of several."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.extraction.components import Pca, Svd
from pipeline_steps.features.extraction.polynomial import Polynomial

METHODS: Mapping[str, Callable[..., Any]] = {"polynomial": Polynomial, "pca": Pca, "svd": Svd}
"""In the order in which they are applied."""
