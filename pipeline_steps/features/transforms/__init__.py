"""Functions of one column each, which change the shape of its distribution."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.transforms.functions import Log1p
from pipeline_steps.features.transforms.yeo_johnson import YeoJohnson

METHODS: Mapping[str, Callable[..., Any]] = {"log1p": Log1p, "yeo_johnson": YeoJohnson}
