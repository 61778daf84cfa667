"""LightGBM's text model as an ONNX graph."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.graphs.links import Link, write_link
from pipeline_steps.algorithms.graphs.trees import Tree, rounded_down, write_trees
from pipeline_steps.errors import StepError
from pipeline_steps.graphs.writer import GraphWriter

_CATEGORICAL, _DEFAULT_LEFT, _MISSING = 1, 2, 12
"""Bits of `decision_type`."""
_MISSING_IS_NAN = 8


def boosters_graph(models: Sequence[str], task: Task, link: Link, *, columns: int) -> bytes:
    """Convert the mean of models as `Booster.model_to_string` gives them.

    Raises:
        StepError: a model has trees of a kind that this does not convert.
    """
    graph = GraphWriter(columns)
    width = task.classes if link == "softmax" else 1
    trees = [tree for model in models for tree in _trees(model, width, share=1 / len(models))]
    sums = write_trees(graph, trees, "BRANCH_LEQ", base_values=[0.0] * width)
    result = write_link(graph, link, sums)
    return graph.write("lightgbm", result, output=task.output, width=width if link == "softmax" else None)


def _trees(model: str, width: int, *, share: float) -> list[Tree]:
    blocks = model.split("end of trees", 1)[0].split("\nTree=")[1:]
    fields = [dict(line.split("=", 1) for line in block.splitlines()[1:] if "=" in line) for block in blocks]
    return [_tree(one, place % width, share) for place, one in enumerate(fields)]


def _tree(fields: Mapping[str, str], target: int, share: float) -> Tree:
    leaves = _numbers(fields["leaf_value"])
    if len(leaves) == 1:
        fields = {**fields, **dict.fromkeys(_SPLITS, "")}
    decisions = _numbers(fields["decision_type"]).astype(np.int64)
    if (decisions & _CATEGORICAL).any() or fields.get("is_linear", "0") != "0":
        raise StepError("trees must split on numbers and have constant leaves to be exported, got others")
    splits, thresholds = len(decisions), _numbers(fields["threshold"])
    # without a missing value in training, LightGBM takes one for 0
    takes_missing = (decisions & _MISSING) == _MISSING_IS_NAN
    missing_left = np.where(takes_missing, (decisions & _DEFAULT_LEFT) > 0, thresholds >= 0)
    return Tree(
        left=_children(fields["left_child"], splits, len(leaves)),
        right=_children(fields["right_child"], splits, len(leaves)),
        column=_with_leaves(_numbers(fields["split_feature"]), len(leaves)).astype(np.int64),
        threshold=_with_leaves(rounded_down(thresholds), len(leaves)),
        missing_left=_with_leaves(missing_left, len(leaves)).astype(np.bool_),
        leaf_values=share * np.concatenate([np.zeros(splits), leaves])[:, None],
        targets=(target,),
    )


_SPLITS = ("decision_type", "threshold", "left_child", "right_child", "split_feature")


def _numbers(text: str) -> NDArray[np.float64]:
    return np.array(text.split(), dtype=np.float64)


def _children(text: str, splits: int, leaves: int) -> NDArray[np.int64]:
    """Children by place among all nodes, splits first; LightGBM numbers leaves from -1 downwards."""
    children = _numbers(text).astype(np.int64)
    return np.concatenate([np.where(children < 0, splits - 1 - children, children), np.full(leaves, -1)])


def _with_leaves(values: NDArray[Any], leaves: int) -> NDArray[Any]:
    return np.concatenate([values, np.zeros(leaves, values.dtype)])
