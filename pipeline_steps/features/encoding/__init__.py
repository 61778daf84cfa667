"""Categories become numbers."""

from collections.abc import Callable, Mapping
from typing import Any

from pipeline_steps.features.encoding.one_hot import OneHot
from pipeline_steps.features.encoding.ordered import Frequency, Ordinal, TargetRank
from pipeline_steps.features.encoding.similar import Similar
from pipeline_steps.features.encoding.target import Target

METHODS: Mapping[str, Callable[..., Any]] = {
    "one_hot": OneHot,
    "similar": Similar,
    "ordinal": Ordinal,
    "target_rank": TargetRank,
    "target": Target,
    "frequency": Frequency,
}
