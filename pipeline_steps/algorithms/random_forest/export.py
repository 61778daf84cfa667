"""scikit-learn's trees as an ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.graphs.graph import GraphWriter
from pipeline_steps.algorithms.graphs.trees import Tree, rounded_down, write_trees


def forest_graph(
    estimators: Sequence[Any], task: Task, classes: NDArray[np.int64] | None, *, base: float, scale: float
) -> bytes:
    """Write the mean of the trees: shares of the classes that the trees know, or `base` plus `scale` times a number."""
    graph = GraphWriter(len(task.names))
    trees = [_tree(estimator.tree_, task, classes, scale / len(estimators)) for estimator in estimators]
    width = task.classes if task.likelihood == "categorical" else 1
    sums = write_trees(graph, trees, "BRANCH_LEQ", base_values=[base] * width)
    if task.likelihood != "normal":  # sums of shares that rounding takes past 1
        sums = graph.node("Clip", sums, graph.constant(0.0), graph.constant(1.0))
    return graph.write("random_forest", sums, output=task.output, width=width if width > 1 else None)


def _tree(tree: Any, task: Task, classes: NDArray[np.int64] | None, share: float) -> Tree:
    values: NDArray[np.float64] = tree.value[:, 0, :]
    if classes is not None:
        known, values = values, np.zeros((len(values), task.classes))
        values[:, classes] = known
    if task.likelihood == "bernoulli":
        values = values[:, 1:]
    return sklearn_tree(tree, share * values)


def sklearn_tree(tree: Any, leaf_values: NDArray[np.float64], columns: NDArray[np.int64] | None = None) -> Tree:
    """Convert a fitted `tree_`; `columns` are the places of its features where it was fitted on some of them."""
    features = np.maximum(tree.feature, 0)
    return Tree(
        left=tree.children_left,
        right=tree.children_right,
        column=features if columns is None else columns[features],
        threshold=rounded_down(tree.threshold),
        missing_left=tree.missing_go_to_left.astype(np.bool_),
        leaf_values=leaf_values,
        targets=tuple(range(leaf_values.shape[1])),
    )
