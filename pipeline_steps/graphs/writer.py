"""An ONNX graph, written node by node: the same model gives the same bytes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import (
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    checker,
    helper,
    load_model_from_string,
    numpy_helper,
)

from pipeline_steps.graphs.tensor_names import INPUT

_OPSETS = (("", 17), ("ai.onnx.ml", 3))
_IR_VERSION = 8
_ML_OPERATORS = frozenset({"TreeEnsembleRegressor"})


class GraphWriter:
    """Nodes of a graph that takes the features of rows, float32 [rows, columns].

    `prefix` begins every name, for nodes that are put in front of another graph's; `element` is another type than
    float32 of both input and output.
    """

    features = INPUT

    def __init__(self, columns: int, *, prefix: str = "", element: int = TensorProto.FLOAT) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._columns, self._prefix, self._element = columns, prefix, element

    def constant(self, values: NDArray[Any] | list[float] | list[int] | float) -> str:
        """Add values of the graph's own: float32, or int64; gives their name."""
        array = np.asarray(values)
        return self._constant(array.astype(np.int64 if array.dtype.kind in "iu" else np.float32))

    def doubles(self, values: NDArray[Any] | list[float] | float) -> str:
        """Add float64 values of the graph's own; gives their name."""
        return self._constant(np.asarray(values, dtype=np.float64))

    def booleans(self, values: NDArray[np.bool_]) -> str:
        """Add truth values of the graph's own; gives their name."""
        return self._constant(values)

    def node(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator; gives the name of its result."""
        result = f"{self._prefix}{operator}_{len(self.nodes)}"
        domain = "ai.onnx.ml" if operator in _ML_OPERATORS else ""
        self.nodes.append(helper.make_node(operator, list(inputs), [result], domain=domain, **attributes))
        return result

    def write(self, name: str, result: str, *, output: str, width: int | None) -> bytes:
        """Finish the graph with `result` as its output, float32 [rows], or [rows, width]."""
        output_node = helper.make_node("Identity", [result], [output])
        shape = [None] if width is None else [None, width]
        graph = helper.make_graph(
            [*self.nodes, output_node],
            name,
            [helper.make_tensor_value_info(self.features, self._element, [None, self._columns])],
            [helper.make_tensor_value_info(output, self._element, shape)],
            self.constants,
        )
        opsets = [helper.make_opsetid(domain, version) for domain, version in _OPSETS]
        return _checked(helper.make_model(graph, producer_name="slipway", opset_imports=opsets, ir_version=_IR_VERSION))

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(array, name))
        return name


def rows_info(name: str, columns: int) -> ValueInfoProto:
    """Describe a tensor, float32 [rows, columns]."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, columns])


def in_front(
    graph: bytes, nodes: list[NodeProto], constants: list[TensorProto], *, prepared: str, columns: int
) -> bytes:
    """Put nodes in front of a graph: they take its input's name, of `columns`, and the graph takes `prepared`."""
    model = load_model_from_string(graph)
    (taken,) = (entry.name for entry in model.graph.input)
    for node in model.graph.node:
        node.input[:] = [prepared if name == taken else name for name in node.input]
    own = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *own])
    model.graph.initializer.extend(constants)
    del model.graph.input[:]
    model.graph.input.append(rows_info(taken, columns))
    return _checked(model)


def _checked(model: ModelProto) -> bytes:
    checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))
