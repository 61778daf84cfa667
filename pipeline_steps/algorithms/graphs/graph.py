"""An ONNX graph, written node by node: the same model gives the same bytes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

from pipeline_steps.artifact.scorer import INPUT

_OPSETS = (("", 17), ("ai.onnx.ml", 3))
_IR_VERSION = 8
_ML_OPERATORS = frozenset({"TreeEnsembleRegressor"})


class GraphWriter:
    """Nodes of a graph that takes the features of rows, float32 [rows, columns]."""

    features = INPUT

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, values: NDArray[Any] | list[float] | list[int] | float) -> str:
        """Add values of the graph's own: float32, or int64; gives their name."""
        array = np.asarray(values)
        array = array.astype(np.int64 if array.dtype.kind in "iu" else np.float32)
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator; gives the name of its result."""
        result = f"{operator}_{len(self._nodes)}"
        domain = "ai.onnx.ml" if operator in _ML_OPERATORS else ""
        self._nodes.append(helper.make_node(operator, list(inputs), [result], domain=domain, **attributes))
        return result

    def write(self, name: str, result: str, *, output: str, width: int | None) -> bytes:
        """Finish the graph with `result` as its output, float32 [rows], or [rows, width]."""
        output_node = helper.make_node("Identity", [result], [output])
        shape = [None] if width is None else [None, width]
        graph = helper.make_graph(
            [*self._nodes, output_node],
            name,
            [helper.make_tensor_value_info(self.features, TensorProto.FLOAT, [None, self._columns])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
            self._constants,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS]
        model = helper.make_model(graph, producer_name="slipway", opset_imports=opsets, ir_version=_IR_VERSION)
        checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))
