"""XGBoost's JSON model as an ONNX graph."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pipeline_steps.algorithms.algorithm import Task
from pipeline_steps.algorithms.graphs.links import Link, write_link
from pipeline_steps.algorithms.graphs.trees import Tree, write_trees
from pipeline_steps.errors import StepError
from pipeline_steps.graphs.writer import GraphWriter

_BASE_SUMS: Mapping[str, Callable[[float], float]] = {
    "binary:logistic": lambda base: math.log(base / (1 - base)),
    "multi:softprob": float,
    "reg:squarederror": float,
    "count:poisson": math.log,
}
"""By objective: the sum that a `base_score` stands for."""


def boosters_graph(models: Sequence[Mapping[str, Any]], task: Task, link: Link, *, columns: int) -> bytes:
    """Convert the mean of models as `Booster.save_raw("json")` gives them.

    Raises:
        StepError: a model has another objective, or trees of a kind that this does not convert.
    """
    graph = GraphWriter(columns)
    width = task.classes if link == "softmax" else 1
    bases = np.mean([_base_sums(model, width) for model in models], axis=0)
    trees = [tree for model in models for tree in _trees(model, share=1 / len(models))]
    sums = write_trees(graph, trees, "BRANCH_LT", base_values=bases.tolist())
    # not the node's own post_transform: ONNX Runtime leaves a single target as it is
    result = write_link(graph, link, sums)
    return graph.write("xgboost", result, output=task.output, width=task.classes if link == "softmax" else None)


def _base_sums(model: Mapping[str, Any], width: int) -> list[float]:
    learner = model["learner"]
    if (objective := learner["objective"]["name"]) not in _BASE_SUMS:
        raise StepError(f"the objective must be one of {', '.join(_BASE_SUMS)} to be exported, got {objective}")
    if (booster := learner["gradient_booster"]["name"]) != "gbtree":
        raise StepError(f"the booster must be gbtree to be exported, got {booster}")
    texts = str(learner["learner_model_param"]["base_score"]).strip("[]").split(",")
    sums = [_BASE_SUMS[objective](float(text)) for text in texts]
    return sums * width if len(sums) == 1 else sums


def _trees(model: Mapping[str, Any], *, share: float) -> list[Tree]:
    content = model["learner"]["gradient_booster"]["model"]
    classes = content["tree_info"]
    return [_tree(tree, target, share) for tree, target in zip(content["trees"], classes, strict=True)]


def _tree(tree: Mapping[str, Any], target: int, share: float) -> Tree:
    if any(tree.get("split_type", ())) or tree.get("categories"):
        raise StepError("trees must split on numbers to be exported, got a split on categories")
    conditions = np.array(tree["split_conditions"], dtype=np.float32)  # a leaf's is its value
    return Tree(
        left=np.array(tree["left_children"], dtype=np.int64),
        right=np.array(tree["right_children"], dtype=np.int64),
        column=np.array(tree["split_indices"], dtype=np.int64),
        threshold=conditions,
        missing_left=np.array(tree["default_left"], dtype=np.bool_),
        leaf_values=share * conditions.astype(np.float64)[:, None],
        targets=(target,),
    )
