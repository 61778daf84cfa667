"""Numbers in the place of missing values."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.missing.fill import Constant, Median

METHODS: Mapping[str, Callable[..., Any]] = {"median": Median, "constant": Constant}
