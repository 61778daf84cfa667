"""Numbers of one size."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.scaling.linear import MinMax, Standard, Unscaled

METHODS: Mapping[str, Callable[..., Any]] = {"standard": Standard, "min_max": MinMax, "none": Unscaled}
