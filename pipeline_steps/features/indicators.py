"""Numbers of categories, from 0 on, as columns of 0 and 1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from pipeline_steps.features.method import Values
from pipeline_steps.graphs.writer import GraphWriter


def indicator_values(numbers: Values, widths: Sequence[int]) -> Values:
    """Give for each column as many columns as it has numbers; another number is 0 in all of them."""
    return np.equal(numbers[:, _owners(widths)], _places(widths)).astype(np.float64)


def write_indicators(graph: GraphWriter, numbers: str, widths: Sequence[int]) -> str:
    """Add the nodes."""
    spread = graph.node("Gather", numbers, graph.constant(_owners(widths)), axis=1)
    return graph.node("Cast", graph.node("Equal", spread, graph.doubles(_places(widths))), to=TensorProto.DOUBLE)


def _owners(widths: Sequence[int]) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(widths)), widths)


def _places(widths: Sequence[int]) -> Values:
    return np.concatenate([np.arange(width, dtype=np.float64) for width in widths])
