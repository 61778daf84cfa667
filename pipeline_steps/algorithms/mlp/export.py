"""Multilayer perceptrons as an ONNX graph."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.encoding import Encoding
from pipeline_steps.algorithms.graphs.links import Link, write_link
from pipeline_steps.graphs.writer import GraphWriter

Layer = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Weights [inputs, outputs] and biases [outputs]."""


def networks_graph(task: Task, encoding: Encoding, networks: Sequence[Sequence[Layer]], link: Link) -> bytes:
    """Write the mean of the networks' sums, and the link."""
    graph = GraphWriter(len(task.names))
    encoded = encoding.write(graph)
    sums = graph.node("Mean", *(_network(graph, encoded, layers) for layers in networks))
    width = task.classes if link == "softmax" else None
    if width is None:
        sums = graph.node("Reshape", sums, graph.constant([-1]))
    return graph.write("mlp", write_link(graph, link, sums), output=task.output, width=width)


def _network(graph: GraphWriter, rows: str, layers: Sequence[Layer]) -> str:
    for place, (weights, biases) in enumerate(layers):
        products = graph.node("MatMul", rows, graph.constant(weights))
        rows = graph.node("Add", products, graph.constant(biases))
        if place < len(layers) - 1:
            rows = graph.node("Relu", rows)
    return rows
