"""Distances to cluster centres as an ONNX graph."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.encoding import Encoding
from pipeline_steps.graphs.writer import GraphWriter


def distances_graph(task: Task, encoding: Encoding, centres: NDArray[np.float32]) -> bytes:
    """Write the graph of Euclidean distances to `centres` [clusters, width]."""
    graph = GraphWriter(len(task.names))
    rows = graph.node("Unsqueeze", encoding.write(graph), graph.constant([1]))
    # the difference first: the short form by squares and products loses the digits of small distances
    differences = graph.node("Sub", rows, graph.constant(centres[None, :, :]))
    distances = graph.node("ReduceL2", differences, axes=[2], keepdims=0)
    return graph.write("k_means", distances, output=task.output, width=len(centres))
