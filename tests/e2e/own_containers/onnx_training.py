"""A training that is not Slipway's and leaves Slipway's artifact, as an image made from Slipway's does."""

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from slipway_artifact import read_training_data, save

assert sys.argv[1:] == ["train"]
data = read_training_data()
rows, target = np.sign(data.train.features) * np.log1p(np.abs(data.train.features)), data.train.target
centre, spread = np.nanmean(rows, axis=0), np.nanstd(rows, axis=0) + 1e-6
scaled = np.nan_to_num((rows - centre) / spread)
weights, bias = np.zeros(scaled.shape[1]), 0.0
for _ in range(500):
    error = 1 / (1 + np.exp(-(scaled @ weights + bias))) - target
    weights = weights - 0.5 * (scaled.T @ error / len(error) + data.hyperparameter("penalty", 0.001) * weights)
    bias -= 0.5 * error.mean()
constants = {"centre": centre, "spread": spread, "weights": weights, "bias": bias, "one": 1.0}
constants = {name: np.asarray(value, dtype=np.float32) for name, value in constants.items()}


def predict(features):
    logs = np.sign(features) * np.log(np.abs(features) + constants["one"])
    logs = np.where(np.isnan(logs), constants["centre"], logs)
    scaled = (logs - constants["centre"]) / constants["spread"]
    return 1 / (1 + np.exp(-(scaled @ constants["weights"] + constants["bias"])))


nodes = [
    ("Sign", ["features"], "sign"),
    ("Abs", ["features"], "size"),
    ("Add", ["size", "one"], "more"),
    ("Log", ["more"], "log"),
    ("Mul", ["sign", "log"], "logs"),
    ("IsNaN", ["features"], "missing"),
    ("Where", ["missing", "centre", "logs"], "whole"),
    ("Sub", ["whole", "centre"], "centred"),
    ("Div", ["centred", "spread"], "scaled"),
    ("MatMul", ["scaled", "weights"], "a"),
    ("Add", ["a", "bias"], "b"),
    ("Sigmoid", ["b"], data.output),
]
graph = helper.make_graph(
    [helper.make_node(kind, inputs, [output]) for kind, inputs, output in nodes],
    "regression",
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(centre)])],
    [helper.make_tensor_value_info(data.output, TensorProto.FLOAT, [None])],
    [numpy_helper.from_array(value, name) for name, value in constants.items()],
)
opset = helper.make_opsetid("", 17)
save(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString(), data, predict=predict)
