"""Numbers become bins."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.binning.found import EqualWidthBins, KMeansBins, QuantileBins
from pipeline_steps.features.binning.given import GivenBins

METHODS: Mapping[str, Callable[..., Any]] = {
    "edges": GivenBins,
    "equal_width": EqualWidthBins,
    "quantile": QuantileBins,
    "k_means": KMeansBins,
}
