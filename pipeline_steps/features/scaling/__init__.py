"""Numbers of one size."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.scaling.linear import MaxAbs, MinMax, Robust, Standard, Unscaled
from pipeline_steps.features.scaling.normalise import Normalise

METHODS: Mapping[str, Callable[..., Any]] = {
    "standard": Standard,
    "min_max": MinMax,
    "max_abs": MaxAbs,
    "robust": Robust,
    "normalise": Normalise,
    "none": Unscaled,
}
