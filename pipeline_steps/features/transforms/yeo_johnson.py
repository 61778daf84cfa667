"""The power of each column that makes its distribution most like a normal one, for values of both signs."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.preprocessing import PowerTransformer

from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter

_NEARLY = np.spacing(1.0)
"""How near to 0 a power must be to count as a logarithm, as scikit-learn has it."""


@dataclass(frozen=True)
class Powers:
    """scikit-learn's fitted transformer."""

    features: tuple[Feature, ...]
    transformer: Any

    def transform(self, values: Values) -> Values:
        """Transform rows."""
        made: Values = self.transformer.transform(values)
        return made

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes: one power for what is 0 or more, and for what is below 0 the mirrored one of 2 - lambda."""
        powers = self.transformer.lambdas_
        zero = graph.doubles(0.0)
        upper = _boxed(graph, graph.node("Max", block, zero), powers)
        lower = _boxed(graph, graph.node("Neg", graph.node("Min", block, zero)), 2 - powers)
        # where a value is of the other sign the term is 0; NaN stays in both
        return graph.node("Sub", upper, lower)


def _boxed(graph: GraphWriter, values: str, powers: Values) -> str:
    """((x + 1) ** power - 1) / power, or log(x + 1) where the power is 0."""
    is_logarithm = np.abs(powers) < _NEARLY
    shifted = graph.node("Add", values, graph.doubles(1.0))
    safe = np.where(is_logarithm, 1.0, powers)
    raised = graph.node("Pow", shifted, graph.doubles(safe))
    boxed = graph.node("Div", graph.node("Sub", raised, graph.doubles(1.0)), graph.doubles(safe))
    if not is_logarithm.any():
        return boxed
    return graph.node("Where", graph.booleans(is_logarithm), graph.node("Log", shifted), boxed)


@dataclass(frozen=True)
class YeoJohnson:
    """Yeo and Johnson's power transform; its power is the most likely one by the training rows."""

    def fit(self, sample: Sample) -> Powers:
        """Learn the powers."""
        return Powers(sample.features, PowerTransformer(method="yeo-johnson", standardize=False).fit(sample.values))
