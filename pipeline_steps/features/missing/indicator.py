"""A column of 0 and 1 for each column that has missing values in training: whether it is missing."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Indicators:
    """The places of the columns that get an indicator."""

    features: tuple[Feature, ...]
    places: NDArray[np.int64]

    def transform(self, values: Values) -> Values:
        """Give 1 where a value is missing."""
        return np.isnan(values[:, self.places]).astype(np.float64)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        chosen = graph.node("Gather", block, graph.constant(self.places), axis=1)
        return graph.node("Cast", graph.node("IsNaN", chosen), to=TensorProto.DOUBLE)


@dataclass(frozen=True)
class MissingIndicator:
    """For columns of which some training rows are missing; where all or none are, it would say nothing."""

    def fit(self, sample: Sample) -> Indicators:
        """Find these columns."""
        absent = np.isnan(sample.values)
        places = np.flatnonzero(absent.any(axis=0) & ~absent.all(axis=0))
        features = (sample.features[place] for place in places)
        made = (replace(each, name=f"{each.name}: missing", trend=None, is_ready=True) for each in features)
        return Indicators(tuple(made), places)
