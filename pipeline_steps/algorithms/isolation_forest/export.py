"""An isolation forest as an ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.graphs.trees import write_trees
from pipeline_steps.algorithms.random_forest.export import sklearn_tree
from pipeline_steps.graphs.writer import GraphWriter


def isolation_graph(
    task: Task,
    estimators: Sequence[tuple[Any, NDArray[np.int64]]],
    fillings: NDArray[np.float32],
    *,
    usual_depth: float,
) -> bytes:
    """Write 2 to the power of minus the mean depth at which trees isolate a row, in units of `usual_depth`.

    `estimators` are fitted trees with the places of their columns; `fillings` take the place of missing values.
    """
    graph = GraphWriter(len(task.names))
    filled = graph.node("Where", graph.node("IsNaN", graph.features), graph.constant(fillings), graph.features)
    share = -1 / (len(estimators) * usual_depth)
    trees = [sklearn_tree(one.tree_, share * _depths(one.tree_)[:, None], columns) for one, columns in estimators]
    exponent = write_trees(graph, trees, "BRANCH_LEQ", base_values=[0.0], features=filled)
    score = graph.node("Pow", graph.constant(2.0), exponent)
    return graph.write("isolation_forest", score, output=task.output, width=None)


def _depths(tree: Any) -> NDArray[np.float64]:
    """The depth of each node, and what further splits would have added to it."""
    depths = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # parents come before their children
        if tree.children_left[node] != -1:
            depths[[tree.children_left[node], tree.children_right[node]]] = depths[node] + 1
    return depths + usual_depths(tree.n_node_samples)


def usual_depths(rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mean depth at which a random tree isolates one of so many rows (Liu, Ting and Zhou 2008, equation 1)."""
    exact = rows.astype(np.float64)
    several = 2 * (np.log(np.maximum(exact - 1, 1)) + np.euler_gamma) - 2 * (exact - 1) / np.maximum(exact, 1)
    return np.where(exact <= 1, 0.0, np.where(exact == 2, 1.0, several))
