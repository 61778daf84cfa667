"""A table that gives numbers for each code of a category, its missing one included."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

MISSING = -1.0
"""The code in the place of NaN."""


def present(codes: Values) -> Values:
    """Give codes with `MISSING` in the place of NaN."""
    return np.where(np.isnan(codes), MISSING, codes)


def all_codes(feature: Feature) -> Values:
    """Give every code that a category can have, the missing one first."""
    return np.arange(MISSING, len(feature.labels), dtype=np.float64)


@dataclass(frozen=True)
class CodeTable:
    """For each column, for each of its codes from the missing one on, `width` numbers: all in one table.

    Attributes:
        features: what comes out: `width` numbers of the first column, then those of the second.
        numbers: [codes of all columns, width].
        tops: the greatest code of each column.
    """

    features: tuple[Feature, ...]
    numbers: Values
    tops: NDArray[np.int64]

    @cached_property
    def _starts(self) -> Values:
        sizes = self.tops + 2
        return (np.cumsum(sizes) - sizes + 1).astype(np.float64)

    def transform(self, values: Values) -> Values:
        """Look codes up; a code beyond the table counts as the last."""
        places = (np.clip(present(values), MISSING, self.tops) + self._starts).astype(np.int64)
        return self.numbers[places].reshape(len(values), len(self.features))

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        known = graph.node("Where", graph.node("IsNaN", block), graph.doubles(MISSING), block)
        limited = graph.node("Min", graph.node("Max", known, graph.doubles(MISSING)), graph.doubles(self.tops))
        places = graph.node("Cast", graph.node("Add", limited, graph.doubles(self._starts)), to=TensorProto.INT64)
        found = graph.node("Gather", graph.doubles(self.numbers), places, axis=0)
        return graph.node("Reshape", found, graph.constant([-1, len(self.features)]))


def code_table(sample: Sample, features: tuple[Feature, ...], numbers: list[Values]) -> CodeTable:
    """Join the tables of columns, [codes, width] each."""
    tops = np.array([len(feature.labels) - 1 for feature in sample.features], dtype=np.int64)
    return CodeTable(features, np.concatenate(numbers), tops)
