"""A training script: a small network in NumPy, whose graph is written by hand."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from slipway_artifact import read_training_data, save

data = read_training_data()
units = int(data.hyperparameter("units", 8))
rng = np.random.default_rng(data.seed)
filled = np.nanmean(data.train.features, axis=0)
x = np.where(np.isnan(data.train.features), filled, data.train.features) - filled
y = data.train.target
weights = {
    "filled": filled,
    "w1": rng.normal(0, 0.5, (x.shape[1], units)),
    "b1": np.zeros(units),
    "w2": rng.normal(0, 0.5, units),
    "b2": np.zeros(()),
}
for _ in range(300):
    hidden = np.tanh(x @ weights["w1"] + weights["b1"])
    score = 1 / (1 + np.exp(-(hidden @ weights["w2"] + weights["b2"])))
    error = (score - y) / len(y)
    inner = np.outer(error, weights["w2"]) * (1 - hidden**2)
    for name, gradient in (("w1", x.T @ inner), ("b1", inner.sum(0)), ("w2", hidden.T @ error), ("b2", error.sum())):
        weights[name] = weights[name] - 2.0 * gradient
weights = {name: np.asarray(value, dtype=np.float32) for name, value in weights.items()}


def predict(rows):
    rows = np.where(np.isnan(rows), weights["filled"], rows) - weights["filled"]
    return 1 / (1 + np.exp(-(np.tanh(rows @ weights["w1"] + weights["b1"]) @ weights["w2"] + weights["b2"])))


nodes = [
    ("IsNaN", ["features"], "missing"),
    ("Where", ["missing", "filled", "features"], "whole"),
    ("Sub", ["whole", "filled"], "centred"),
    ("MatMul", ["centred", "w1"], "a"),
    ("Add", ["a", "b1"], "b"),
    ("Tanh", ["b"], "c"),
    ("MatMul", ["c", "w2"], "d"),
    ("Add", ["d", "b2"], "e"),
    ("Sigmoid", ["e"], data.output),
]
graph = helper.make_graph(
    [helper.make_node(kind, inputs, [output]) for kind, inputs, output in nodes],
    "network",
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, x.shape[1]])],
    [helper.make_tensor_value_info(data.output, TensorProto.FLOAT, [None])],
    [numpy_helper.from_array(value, name) for name, value in weights.items()],
)
opset = helper.make_opsetid("", 17)
save(helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString(), data, predict=predict)
