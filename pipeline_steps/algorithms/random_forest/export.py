"""scikit-learn's trees as an ONNX graph."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.graphs.trees import Tree, rounded_down, write_trees
from pipeline_steps.graphs.writer import GraphWriter

_STEPS = 2.0**23


def forest_graph(
    estimators: Sequence[Any], task: Task, classes: NDArray[np.int64] | None, *, base: float, share: float
) -> bytes:
    """Write `base` plus the sum of all trees, of which each counts `share`; `classes` are those that the trees know."""
    graph = GraphWriter(len(task.names))
    trees = [sklearn_tree(estimator.tree_, leaf_shares(estimator, task, classes, share)) for estimator in estimators]
    width = task.classes if task.likelihood == "categorical" else 1
    sums = write_trees(graph, trees, "BRANCH_LEQ", base_values=[base] * width)
    if task.likelihood != "normal":  # sums of shares that rounding takes past 1
        sums = graph.node("Clip", sums, graph.constant(0.0), graph.constant(1.0))
    return graph.write("random_forest", sums, output=task.output, width=width if width > 1 else None)


def leaf_shares(estimator: Any, task: Task, classes: NDArray[np.int64] | None, share: float) -> NDArray[np.float32]:
    """Give what each node of a tree adds, [nodes, outputs]: a number, or the shares of classes.

    Shares are multiples of 2 to the power of -23: float32 adds these without rounding, in any order, up to 2. So votes
    that are equal stay equal, in this process and in ONNX Runtime, and no label hangs on the order of additions.
    """
    values: NDArray[np.float64] = share * estimator.tree_.value[:, 0, :]
    if classes is None:
        return values.astype(np.float32)
    shares = np.zeros((len(values), task.classes), dtype=np.float32)
    shares[:, classes] = np.round(values * _STEPS) / _STEPS
    return shares[:, 1:] if task.likelihood == "bernoulli" else shares


def sklearn_tree(tree: Any, leaf_values: NDArray[np.floating], columns: NDArray[np.int64] | None = None) -> Tree:
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
