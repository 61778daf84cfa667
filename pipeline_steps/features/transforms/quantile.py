"""The rank of a value among the training rows, in 0..1 or as a quantile of the normal distribution."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto
from sklearn.preprocessing import QuantileTransformer

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.features.transforms.normal_quantiles import write_normal_quantiles
from pipeline_steps.graphs.writer import GraphWriter

NORMAL = "normal"
_END = 1e-7
"""How near to 0 and to 1 ranks may come that are made normal quantiles, as scikit-learn has it."""


@dataclass(frozen=True)
class Ranked:
    """scikit-learn's fitted transformer."""

    features: tuple[Feature, ...]
    transformer: Any

    def transform(self, values: Values) -> Values:
        """Transform rows."""
        made: Values = self.transformer.transform(values)
        return made

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes: a line between the two quantiles that a value lies between; NaN stays."""
        quantiles = self.transformer.quantiles_.T
        first, last = graph.doubles(quantiles[:, 0]), graph.doubles(quantiles[:, -1])
        inside = graph.node("Min", graph.node("Max", block, first), last)
        ranks = self._interpolated(graph, inside, quantiles)
        end, equal = (graph.doubles(_END), "") if self._is_normal else (graph.doubles(0.0), "OrEqual")
        is_last = graph.node(f"Greater{equal}", graph.node("Add", block, end), last)
        is_first = graph.node(f"Less{equal}", graph.node("Sub", block, end), first)
        ranks = graph.node("Where", is_last, graph.doubles(1.0), ranks)
        ranks = graph.node("Where", is_first, graph.doubles(0.0), ranks)
        if self._is_normal:
            nearest = _END - np.spacing(1.0)
            capped = graph.node("Max", ranks, graph.doubles(nearest))
            ranks = write_normal_quantiles(graph, graph.node("Min", capped, graph.doubles(1 - nearest)))
        return graph.node("Where", graph.node("IsNaN", block), graph.doubles(np.nan), ranks)

    @property
    def _is_normal(self) -> bool:
        return bool(self.transformer.output_distribution == NORMAL)

    def _interpolated(self, graph: GraphWriter, values: str, quantiles: Values) -> str:
        """Where quantiles are equal, a value has the mean of their first and last rank."""
        apart, every = graph.node("Unsqueeze", values, graph.constant([2])), graph.doubles(quantiles)
        count = quantiles.shape[1]
        starts = graph.constant(count * np.arange(len(quantiles), dtype=np.int64))
        reached = _counted(graph, graph.node("GreaterOrEqual", apart, every))
        passed = _counted(graph, graph.node("Greater", apart, every))
        before = graph.node("Max", graph.node("Sub", reached, graph.constant([1])), graph.constant([0]))
        lower, upper = (graph.node("Add", place, starts) for place in (before, passed))
        table, ranks = graph.doubles(quantiles.ravel()), graph.doubles(np.tile(self._references, len(quantiles)))
        low, high = (graph.node("Gather", table, place) for place in (lower, upper))
        low_rank, high_rank = (graph.node("Gather", ranks, place) for place in (lower, upper))
        width = graph.node("Sub", high, low)
        is_between = graph.node("Greater", width, graph.doubles(0.0))
        safe = graph.node("Where", is_between, width, graph.doubles(1.0))
        share = graph.node("Div", graph.node("Sub", values, low), safe)
        share = graph.node("Where", is_between, share, graph.doubles(0.5))
        return graph.node("Add", low_rank, graph.node("Mul", graph.node("Sub", high_rank, low_rank), share))

    @property
    def _references(self) -> NDArray[np.float64]:
        found: NDArray[np.float64] = self.transformer.references_
        return found


def _counted(graph: GraphWriter, truths: str) -> str:
    whole = graph.node("Cast", truths, to=TensorProto.INT64)
    return graph.node("ReduceSum", whole, graph.constant([2]), keepdims=0)


@dataclass(frozen=True)
class Quantile:
    """Ranks by so many quantiles, as `uniform` or as `normal` numbers."""

    quantiles: int = 100
    output: str = "uniform"

    def fit(self, sample: Sample) -> Ranked:
        """Learn the quantiles."""
        values = np.where(np.isnan(sample.values).all(axis=0), 0.0, sample.values)
        most = min(self.quantiles, len(values))
        found = QuantileTransformer(
            n_quantiles=most, output_distribution=self.output, subsample=None, random_state=sample.seed
        )
        return Ranked(sample.features, found.fit(values))
