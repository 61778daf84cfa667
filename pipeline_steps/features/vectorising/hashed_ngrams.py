"""The buckets of a text, weighted: how often is less important than whether, and long texts are no larger ones."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.features.text_options import TextOptions
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class WeightedCounts:
    """Counts of one text's buckets; what is no count is 0.

    Attributes:
        features: the buckets.
        has_logarithms: whether a count is log(1 + count), with its sign.
        weights: by which each bucket is then multiplied; None where all count the same.
        is_normalised: whether a row is then divided by its length, unless that is 0.
    """

    features: tuple[Feature, ...]
    has_logarithms: bool
    weights: Values | None
    is_normalised: bool

    def transform(self, values: Values) -> Values:
        """Weight rows."""
        found = np.nan_to_num(values, nan=0.0)
        if self.has_logarithms:
            found = np.sign(found) * np.log(1.0 + np.abs(found))
        if self.weights is not None:
            found = found * self.weights
        if self.is_normalised:
            length = np.sqrt((found * found).sum(axis=1, keepdims=True))
            found = found / np.where(length > 0, length, 1.0)
        return found

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        found = graph.node("Where", graph.node("IsNaN", block), graph.doubles(0.0), block)
        if self.has_logarithms:
            sizes = graph.node("Log", graph.node("Add", graph.node("Abs", found), graph.doubles(1.0)))
            found = graph.node("Mul", graph.node("Sign", found), sizes)
        if self.weights is not None:
            found = graph.node("Mul", found, graph.doubles(self.weights))
        if self.is_normalised:
            squares = graph.node("ReduceSum", graph.node("Mul", found, found), graph.constant([1]), keepdims=1)
            length = graph.node("Sqrt", squares)
            is_long = graph.node("Greater", length, graph.doubles(0.0))
            found = graph.node("Div", found, graph.node("Where", is_long, length, graph.doubles(1.0)))
        return found


@dataclass(frozen=True)
class HashedNgrams(TextOptions):
    """Counts of hashed n-grams; of all its options, those from `weight` on are of the graph."""

    def fit(self, sample: Sample) -> WeightedCounts:
        """Learn how rare each bucket is, where that counts: as scikit-learn's `TfidfTransformer` does."""
        features = tuple(replace(feature, trend=0, is_ready=True) for feature in sample.features)
        weights = None
        if self.idf:
            rows = (sample.values != 0).sum(axis=0)
            weights = np.log((1.0 + len(sample.values)) / (1.0 + rows)) + 1.0
        return WeightedCounts(features, self.weight == "log", weights, self.norm == "l2")
