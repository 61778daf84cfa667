"""Numbers become bins."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.binning.edges import QuantileBins

METHODS: Mapping[str, Callable[..., Any]] = {"quantile": QuantileBins}
