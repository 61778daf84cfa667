"""Numbers with a mean of 0 and a deviation of 1, and a 0 or 1 for each category: what is not a tree works on these.

All of it is done in float32, with the operations that the graph does, so that both give the same bits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Features
from pipeline_steps.algorithms.graphs.graph import GraphWriter

_MISSING_CODE = np.float32(-1)
Encoded = NDArray[np.float32]


@dataclass(frozen=True)
class Encoding:
    """What was learnt from the training rows.

    Attributes:
        numbers: the places of the columns of numbers.
        medians: of each of these, in the place of missing values.
        means: of each, after that.
        scales: the standard deviation of each; 1 where it has but one value.
        sparse: the places of the columns in which values were missing: each gets a column of 0 and 1 that says so.
        sources: for each category that was seen, the place of its column.
        codes: and its code; -1 stands for missing.
    """

    numbers: NDArray[np.int64]
    medians: Encoded
    means: Encoded
    scales: Encoded
    sparse: NDArray[np.int64]
    sources: NDArray[np.int64]
    codes: Encoded

    @property
    def width(self) -> int:
        return len(self.numbers) + len(self.sparse) + len(self.sources)

    def transform(self, features: Features) -> Encoded:
        """Encode rows, float32 [rows, width]."""
        numbers = features[:, self.numbers]
        filled = np.where(np.isnan(numbers), self.medians, numbers)
        absent = np.isnan(features[:, self.sparse]).astype(np.float32)
        codes = features[:, self.sources]
        known = (_with_codes(codes) == self.codes).astype(np.float32)
        return np.concatenate([(filled - self.means) / self.scales, absent, known], axis=1)

    def write(self, graph: GraphWriter) -> str:
        """Add the nodes; gives the name of the encoded rows."""
        parts = []
        if len(self.numbers):
            numbers = graph.node("Gather", graph.features, graph.constant(self.numbers), axis=1)
            filled = graph.node("Where", graph.node("IsNaN", numbers), graph.constant(self.medians), numbers)
            centred = graph.node("Sub", filled, graph.constant(self.means))
            parts.append(graph.node("Div", centred, graph.constant(self.scales)))
        if len(self.sparse):
            sparse = graph.node("Gather", graph.features, graph.constant(self.sparse), axis=1)
            parts.append(graph.node("Cast", graph.node("IsNaN", sparse), to=_FLOAT))
        if len(self.sources):
            codes = graph.node("Gather", graph.features, graph.constant(self.sources), axis=1)
            missing = graph.constant([float(_MISSING_CODE)])
            present = graph.node("Where", graph.node("IsNaN", codes), missing, codes)
            parts.append(graph.node("Cast", graph.node("Equal", present, graph.constant(self.codes)), to=_FLOAT))
        return graph.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


_FLOAT = 1
"""ONNX's number of the type float32."""


def fit_encoding(features: Features, is_category: Sequence[bool]) -> Encoding:
    """Learn from the training rows."""
    categories = np.flatnonzero(is_category)
    numbers = np.flatnonzero(~np.asarray(is_category, dtype=np.bool_))
    values = features[:, numbers]
    absent = np.isnan(values)
    medians = np.array([_median(column) for column in values.T], dtype=np.float32)
    filled = np.where(absent, medians, values)
    means = filled.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviations = np.sqrt(np.mean((filled - means).astype(np.float64) ** 2, axis=0)).astype(np.float32)
    codes = [np.unique(_with_codes(features[:, place])) for place in categories]
    return Encoding(
        numbers=numbers,
        medians=medians,
        means=means,
        scales=np.where(deviations > 0, deviations, np.float32(1)),
        sparse=numbers[absent.any(axis=0) & ~absent.all(axis=0)],
        sources=np.repeat(categories, [len(found) for found in codes]).astype(np.int64),
        codes=np.concatenate([np.empty(0, np.float32), *codes]).astype(np.float32),
    )


def _with_codes(codes: Encoded) -> Encoded:
    return np.where(np.isnan(codes), _MISSING_CODE, codes)


def _median(column: Encoded) -> float:
    known = column[~np.isnan(column)]
    return float(np.median(known)) if len(known) else 0.0
