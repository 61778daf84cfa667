"""XGBoost's JSON model as an ONNX graph: one tree-ensemble node, so that no arithmetic touches a feature."""

import math
from collections.abc import Mapping
from typing import Any

from onnx import TensorProto, checker, helper

from pipeline_steps.artifact.scorer import INPUT
from pipeline_steps.errors import StepError

OUTPUT = "score"
_OPSETS = (("", 17), ("ai.onnx.ml", 3))
_IR_VERSION = 8


def tree_graph(model: Mapping[str, Any], *, columns: int) -> bytes:
    """Convert a `binary:logistic` model as `Booster.save_raw("json")` gives it.

    Raises:
        StepError: the model has another objective, or trees of a kind that this does not convert.
    """
    learner = model["learner"]
    if (objective := learner["objective"]["name"]) != "binary:logistic":
        raise StepError(f"the objective must be binary:logistic to be exported, got {objective}")
    if (booster := learner["gradient_booster"]["name"]) != "gbtree":
        raise StepError(f"the booster must be gbtree to be exported, got {booster}")
    base_score = float(str(learner["learner_model_param"]["base_score"]).strip("[]"))
    attributes: dict[str, Any] = _attributes(learner["gradient_booster"]["model"]["trees"])
    ensemble = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        ["log_odds"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        base_values=[math.log(base_score / (1 - base_score))],
        **attributes,
    )
    # not the ensemble's own post_transform LOGISTIC: ONNX Runtime leaves a single target as it is
    probability = helper.make_node("Sigmoid", ["log_odds"], ["probability"])
    flatten = helper.make_node("Reshape", ["probability", "flat"], [OUTPUT])
    graph = helper.make_graph(
        [ensemble, probability, flatten],
        "boosted_trees",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None])],
        [helper.make_tensor("flat", TensorProto.INT64, [1], [-1])],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS]
    onnx_model = helper.make_model(graph, producer_name="slipway", opset_imports=opsets, ir_version=_IR_VERSION)
    checker.check_model(onnx_model)
    return bytes(onnx_model.SerializeToString(deterministic=True))


def _attributes(trees: list[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """List all nodes of all trees in the node's parallel arrays."""
    nodes: dict[str, list[Any]] = {f"nodes_{name}": [] for name in _NODE_ARRAYS}
    leaves: dict[str, list[Any]] = {f"target_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}
    for tree_id, tree in enumerate(trees):
        if any(tree.get("split_type", ())) or tree.get("categories"):
            raise StepError("trees must split on numbers to be exported, got a split on categories")
        count = len(tree["left_children"])
        is_leaf = [child == -1 for child in tree["left_children"]]
        nodes["nodes_treeids"] += [tree_id] * count
        nodes["nodes_nodeids"] += range(count)
        nodes["nodes_featureids"] += [
            0 if leaf else index for leaf, index in zip(is_leaf, tree["split_indices"], strict=True)
        ]
        nodes["nodes_modes"] += ["LEAF" if leaf else "BRANCH_LT" for leaf in is_leaf]
        nodes["nodes_values"] += [0.0 if leaf else x for leaf, x in zip(is_leaf, tree["split_conditions"], strict=True)]
        nodes["nodes_truenodeids"] += [max(0, child) for child in tree["left_children"]]
        nodes["nodes_falsenodeids"] += [max(0, child) for child in tree["right_children"]]
        nodes["nodes_missing_value_tracks_true"] += [int(left) for left in tree["default_left"]]
        leaf_ids = [node for node, leaf in enumerate(is_leaf) if leaf]
        leaves["target_treeids"] += [tree_id] * len(leaf_ids)
        leaves["target_nodeids"] += leaf_ids
        leaves["target_ids"] += [0] * len(leaf_ids)
        leaves["target_weights"] += [tree["split_conditions"][node] for node in leaf_ids]
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
