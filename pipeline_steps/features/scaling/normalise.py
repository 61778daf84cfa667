"""Numbers of a row that have one length together."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from sklearn.preprocessing import normalize

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

_LARGEST = float(np.finfo(np.float64).max)
_SHORTEST = 10 * float(np.finfo(np.float64).eps)
"""Lengths below it count as 1, as scikit-learn has it: rows of 0 stay 0."""


@dataclass(frozen=True)
class RowScaled:
    """Columns whose rows are divided by their length; what is missing stays so, and counts as 0."""

    features: tuple[Feature, ...]
    norm: str

    def transform(self, values: Values) -> Values:
        """Scale rows."""
        is_number = np.isfinite(values)
        return np.where(is_number, normalize(np.where(is_number, values, 0.0), norm=self.norm), np.nan)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        is_number = graph.node("LessOrEqual", graph.node("Abs", block), graph.doubles(_LARGEST))
        numbers = graph.node("Where", is_number, block, graph.doubles(0.0))
        length = self._length(graph, graph.node("Abs", numbers))
        is_short = graph.node("Less", length, graph.doubles(_SHORTEST))
        divisor = graph.node("Where", is_short, graph.doubles(1.0), length)
        return graph.node("Where", is_number, graph.node("Div", numbers, divisor), graph.doubles(np.nan))

    def _length(self, graph: GraphWriter, sizes: str) -> str:
        match self.norm:
            case "max":
                return graph.node("ReduceMax", sizes, axes=[1], keepdims=1)
            case "l1":
                return graph.node("ReduceSum", sizes, graph.constant([1]), keepdims=1)
        squares = graph.node("Mul", sizes, sizes)
        return graph.node("Sqrt", graph.node("ReduceSum", squares, graph.constant([1]), keepdims=1))


@dataclass(frozen=True)
class Normalise:
    """A length of 1 of the numbers of a row: of all columns with this method, its options and `group`."""

    is_across_columns: ClassVar[bool] = True
    norm: str = "l2"
    group: str = ""

    def fit(self, sample: Sample) -> RowScaled:
        """Nothing is learnt."""
        sources = tuple(dict.fromkeys(name for feature in sample.features for name in feature.sources))
        features = (replace(feature, sources=sources, trend=0, is_ready=True) for feature in sample.features)
        return RowScaled(tuple(features), self.norm)
