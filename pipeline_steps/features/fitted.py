"""Fitted methods one after another, and side by side on columns of their own."""

from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Feature, Fitted, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Unchanged:
    """Columns that no method touches."""

    features: tuple[Feature, ...]

    def transform(self, values: Values) -> Values:
        """Give the values."""
        return values

    def write(self, graph: GraphWriter, block: str) -> str:  # noqa: ARG002 (the protocol's)
        """Add nothing."""
        return block


@dataclass(frozen=True)
class InSequence:
    """Fitted methods, each of which takes what the one before it gives."""

    steps: tuple[Fitted, ...]

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.steps[-1].features

    def transform(self, values: Values) -> Values:
        """Apply all."""
        for step in self.steps:
            values = step.transform(values)
        return values

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes of all."""
        for step in self.steps:
            block = step.write(graph, block)
        return block


@dataclass(frozen=True)
class SideBySide:
    """Fitted methods on some columns each, by their places; what they give stands side by side."""

    parts: tuple[tuple[tuple[int, ...], Fitted], ...]
    width: int

    @property
    def features(self) -> tuple[Feature, ...]:
        return tuple(feature for _, part in self.parts for feature in part.features)

    def transform(self, values: Values) -> Values:
        """Apply each to its columns."""
        return np.concatenate([part.transform(values[:, list(places)]) for places, part in self.parts], axis=1)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes of each."""
        results = [part.write(graph, self._columns(graph, block, places)) for places, part in self.parts]
        return graph.node("Concat", *results, axis=1) if len(results) > 1 else results[0]

    def _columns(self, graph: GraphWriter, block: str, places: tuple[int, ...]) -> str:
        if places == tuple(range(self.width)):
            return block
        return graph.node("Gather", block, graph.constant(np.array(places, dtype=np.int64)), axis=1)
