"""Trees of any library as one ONNX node: no arithmetic touches a feature, so every row takes the fitted branches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.graphs.writer import GraphWriter

Comparison = Literal["BRANCH_LT", "BRANCH_LEQ"]
"""How a row goes left: its value is less than the threshold, or at most as large."""


@dataclass(frozen=True)
class Tree:
    """One tree, in arrays of a value a node; the first node is the root.

    Attributes:
        left: the child where the comparison holds; -1 for a leaf.
        right: the other child.
        column: of the features.
        threshold: float32, as features are.
        missing_left: whether a missing value goes left.
        leaf_values: [nodes, targets], what a leaf adds to each of `targets`.
        targets: the outputs that the tree adds to.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    column: NDArray[np.int64]
    threshold: NDArray[np.float32]
    missing_left: NDArray[np.bool_]
    leaf_values: NDArray[np.floating]
    targets: tuple[int, ...] = (0,)


def rounded_down(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """Give the largest float32 of at most each threshold: a float32 feature is on the same side of both."""
    nearest = thresholds.astype(np.float32)
    above = nearest.astype(np.float64) > thresholds
    return np.where(above, np.nextafter(nearest, np.float32(-np.inf)), nearest).astype(np.float32)


def write_trees(
    graph: GraphWriter,
    trees: Sequence[Tree],
    comparison: Comparison,
    *,
    base_values: Sequence[float],
    features: str | None = None,
) -> str:
    """Add the sum of all trees' leaves to each of `base_values`: float32 [rows], or [rows, targets] with several."""
    sums = graph.node(
        "TreeEnsembleRegressor",
        features or graph.features,
        n_targets=len(base_values),
        aggregate_function="SUM",
        base_values=[float(value) for value in base_values],
        **_attributes(trees, comparison),
    )
    return graph.node("Reshape", sums, graph.constant([-1])) if len(base_values) == 1 else sums


def _attributes(trees: Sequence[Tree], comparison: Comparison) -> dict[str, list[Any]]:
    """List all nodes of all trees in the node's parallel arrays."""
    nodes: dict[str, list[Any]] = {f"nodes_{name}": [] for name in _NODE_ARRAYS}
    leaves: dict[str, list[Any]] = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for tree_id, tree in enumerate(trees):
        leaf = tree.left == -1
        nodes["nodes_treeids"] += [tree_id] * len(leaf)
        nodes["nodes_nodeids"] += range(len(leaf))
        nodes["nodes_featureids"] += np.where(leaf, 0, tree.column).tolist()
        nodes["nodes_modes"] += ["LEAF" if is_leaf else comparison for is_leaf in leaf.tolist()]
        nodes["nodes_values"] += np.where(leaf, 0, tree.threshold).tolist()
        nodes["nodes_truenodeids"] += np.where(leaf, 0, tree.left).tolist()
        nodes["nodes_falsenodeids"] += np.where(leaf, 0, tree.right).tolist()
        nodes["nodes_missing_value_tracks_true"] += tree.missing_left.astype(np.int64).tolist()
        # a leaf that adds nothing is left out, but for its first target: a leaf must have one
        adds = (tree.leaf_values != 0) & leaf[:, None]
        adds[leaf & ~adds.any(axis=1), 0] = True
        ids, places = np.nonzero(adds)
        leaves["target_treeids"] += [tree_id] * len(ids)
        leaves["target_nodeids"] += ids.tolist()
        leaves["target_ids"] += np.asarray(tree.targets)[places].tolist()
        leaves["target_weights"] += tree.leaf_values[ids, places].tolist()
    return {**nodes, **leaves}


_NODE_ARRAYS = (
    "treeids",
    "nodeids",
    "featureids",
    "modes",
    "values",
    "truenodeids",
    "falsenodeids",
    "missing_value_tracks_true",
)
