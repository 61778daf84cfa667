"""Functions of one column each, which change the shape of its distribution."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.transforms.logarithms import Exponential, Log, Log1p
from pipeline_steps.features.transforms.powers import Cube, CubeRoot, Power, Reciprocal, Square, SquareRoot
from pipeline_steps.features.transforms.quantile import Quantile
from pipeline_steps.features.transforms.yeo_johnson import YeoJohnson

METHODS: Mapping[str, Callable[..., Any]] = {
    "log": Log,
    "log1p": Log1p,
    "square_root": SquareRoot,
    "cube_root": CubeRoot,
    "square": Square,
    "cube": Cube,
    "reciprocal": Reciprocal,
    "exponential": Exponential,
    "power": Power,
    "yeo_johnson": YeoJohnson,
    "quantile": Quantile,
}
