"""Values far from the others: found by a method, and treated."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.outliers.limits import Iqr

METHODS: Mapping[str, Callable[..., Any]] = {"iqr": Iqr}
