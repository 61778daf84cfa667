"""Bins between edges, the number of the bin or a column of 0 and 1 for each."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from onnx import TensorProto

from pipeline_steps.features.indicators import indicator_values, write_indicators
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

ORDINAL = "ordinal"


@dataclass(frozen=True)
class Binned:
    """Columns with the inner edges of each, ascending and filled up with infinity to one length.

    A value is in the bin whose number is that of the edges at or below it; a missing one stays missing, or is in none.
    `labels` name the bins of every column; without them their edges do.
    """

    columns: tuple[Feature, ...]
    edges: Values
    ordinal: bool
    labels: tuple[str, ...] = ()

    @property
    def counts(self) -> list[int]:
        """How many bins each column has."""
        return [1 + int(np.isfinite(edges).sum()) for edges in self.edges]

    @property
    def features(self) -> tuple[Feature, ...]:
        if self.ordinal:
            return self.columns
        return tuple(
            replace(feature, name=f"{feature.name}: {label}", trend=0, is_ready=True)
            for feature, edges in zip(self.columns, self.edges, strict=True)
            for label in self.labels or _labels(edges[np.isfinite(edges)])
        )

    def transform(self, values: Values) -> Values:
        """Bin rows."""
        numbers = (values[:, :, np.newaxis] >= self.edges).sum(axis=2).astype(np.float64)
        numbers = np.where(np.isnan(values), np.nan, numbers)
        if self.ordinal:
            return numbers
        return indicator_values(numbers, self.counts)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        apart = graph.node("Unsqueeze", block, graph.constant([2]))
        reached = graph.node("GreaterOrEqual", apart, graph.doubles(self.edges))
        counted = graph.node("Cast", reached, to=TensorProto.DOUBLE)
        sums = graph.node("ReduceSum", counted, graph.constant([2]), keepdims=0)
        numbers = graph.node("Where", graph.node("IsNaN", block), graph.doubles(np.nan), sums)
        if self.ordinal:
            return numbers
        return write_indicators(graph, numbers, self.counts)


def _labels(edges: Values) -> list[str]:
    """Name each bin, such as `below 18`, `18 to 65` and `65 and more`."""
    texts = [f"{edge:.6g}" for edge in edges]
    if not texts:
        return ["any"]
    inner = [f"{low} to {high}" for low, high in pairwise(texts)]
    return [f"below {texts[0]}", *inner, f"{texts[-1]} and more"]


@dataclass(frozen=True)
class Edges(ABC):
    """A method that finds edges; `output` is `ordinal` or `one_hot`."""

    output: str = ORDINAL

    def fit(self, sample: Sample) -> Binned:
        """Learn the edges of each column."""
        found = [self.edges_of(column[~np.isnan(column)]) for column in sample.values.T]
        return binned(sample.features, found, ordinal=self.output == ORDINAL)

    @abstractmethod
    def edges_of(self, known: Values) -> Values:
        """Find the inner edges of one column, ascending and different, by its known values."""


def binned(
    columns: tuple[Feature, ...], edges: Sequence[Values], *, ordinal: bool, labels: tuple[str, ...] = ()
) -> Binned:
    """Bin columns by edges of any number."""
    width = max([1, *map(len, edges)])
    filled = [np.concatenate([found, np.full(width - len(found), np.inf)]) for found in edges]
    return Binned(columns, np.array(filled), ordinal=ordinal, labels=labels)
