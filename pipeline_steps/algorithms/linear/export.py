"""A logistic regression's scikit-learn pipeline as one ONNX graph, preprocessing and all."""

import onnx
from onnx import TensorProto, checker, helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from pipeline_steps.artifact.scorer import INPUT

OUTPUT = "score"
_OPSETS = {"": 17, "ai.onnx.ml": 3}


def logistic_graph(pipeline: Pipeline, *, columns: int) -> bytes:
    """Convert a fitted pipeline that takes float32 [rows, columns]."""
    model = convert_sklearn(
        pipeline,
        initial_types=[(INPUT, FloatTensorType([None, columns]))],
        options={LogisticRegression: {"zipmap": False}},
        target_opset=_OPSETS,
    )
    return _with_one_output(model)


def _with_one_output(model: onnx.ModelProto) -> bytes:
    """Replace label and both classes' probabilities by the probability of the positive class."""
    graph = model.graph
    graph.name = "logistic_regression"  # the converter's is random
    graph.initializer.append(helper.make_tensor("positive_class", TensorProto.INT64, [], [1]))
    graph.node.append(helper.make_node("Gather", ["probabilities", "positive_class"], [OUTPUT], axis=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None]))
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)  # the converter writes them in a set's order
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
