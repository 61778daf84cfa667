"""A linear model as an ONNX graph: the encoding, one product of matrices, and the link."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.encoding import Encoding
from pipeline_steps.algorithms.graphs.links import Link, write_link
from pipeline_steps.graphs.writer import GraphWriter


def linear_graph(
    task: Task, encoding: Encoding, coefficients: NDArray[np.float64], intercepts: NDArray[np.float64], link: Link
) -> bytes:
    """Write the graph of `coefficients` [width, outputs] and `intercepts` [outputs]."""
    graph = GraphWriter(len(task.names))
    products = graph.node("MatMul", encoding.write(graph), graph.constant(coefficients))
    sums = graph.node("Add", products, graph.constant(intercepts))
    width = task.classes if link == "softmax" else None
    if width is None:
        sums = graph.node("Reshape", sums, graph.constant([-1]))
    return graph.write("linear", write_link(graph, link, sums), output=task.output, width=width)
