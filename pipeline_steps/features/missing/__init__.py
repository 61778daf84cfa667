"""Numbers in the place of missing values."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.missing.fill import Constant, Mean, Median, MostFrequent, Native

METHODS: Mapping[str, Callable[..., Any]] = {
    "median": Median,
    "mean": Mean,
    "most_frequent": MostFrequent,
    "constant": Constant,
    "native": Native,
}
