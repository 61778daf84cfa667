"""Edges that the settings give, such as those of age bands."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np

from pipeline_steps.errors import StepError
from pipeline_steps.features.binning.edges import ORDINAL, Binned, binned
from pipeline_steps.features.method import Sample


@dataclass(frozen=True)
class GivenBins:
    """Inner edges for every column, ascending; labels are for columns of 0 and 1, one more of them than edges."""

    edges: Sequence[float]
    _: KW_ONLY
    labels: Sequence[str] = ()
    output: str = ORDINAL

    def __post_init__(self) -> None:
        if self.labels and len(self.labels) != len(self.edges) + 1:
            raise StepError(
                f"features bins edges must have one label more than edges, {len(self.edges) + 1}, "
                f"got {len(self.labels)}: {', '.join(self.labels)}"
            )

    def fit(self, sample: Sample) -> Binned:
        """Take the edges; nothing is learnt."""
        edges = [np.array(self.edges, dtype=np.float64)] * len(sample.features)
        return binned(sample.features, edges, ordinal=self.output == ORDINAL, labels=tuple(self.labels))
