"""Running a recipe's nodes with ONNX Runtime, as the model's server will."""

from functools import cached_property

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Fitted, Values
from pipeline_steps.graphs.tensor_names import INPUT
from pipeline_steps.graphs.writer import GraphWriter, in_front
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import LARGEST_NUMBER

PREFIX = "recipe/"
_OUTPUT = "prepared"
_ALLOWED = 1e-9
"""Largest difference of a method's nodes from its library, relative to the column's largest value: both are float64."""


class Nodes:
    """A fitted method as nodes, float32 in and out, which run by themselves or in front of a model's graph."""

    def __init__(self, fitted: Fitted, columns: int) -> None:
        self.fitted, self._columns = fitted, columns

    def matrix(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the nodes."""
        made: NDArray[np.float32] = self._session.run([_OUTPUT], {INPUT: features})[0]
        return made

    def prepend(self, graph: bytes) -> bytes:
        """Put the nodes in front of a graph that takes the matrix."""
        nodes, constants, result = self._written()
        return in_front(graph, nodes, constants, prepared=result, columns=self._columns)

    def _written(self) -> tuple[list[NodeProto], list[TensorProto], str]:
        graph = GraphWriter(self._columns, prefix=PREFIX)
        result = write_rounded(graph, self.fitted)
        return graph.nodes, graph.constants, result

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        graph = GraphWriter(self._columns, prefix=PREFIX)
        return _session(graph.write("recipe", write_rounded(graph, self.fitted), output=_OUTPUT, width=self._width))

    @property
    def _width(self) -> int:
        return len(self.fitted.features)


def write_rounded(graph: GraphWriter, fitted: Fitted) -> str:
    """Write the nodes of a method from the graph's float32 features to a float32 matrix.

    What is no number, such as the logarithm of one below 0, or too large for a float32, is missing.
    """
    exact = graph.node("Cast", graph.features, to=TensorProto.DOUBLE)
    made = fitted.write(graph, exact)
    is_number = graph.node("LessOrEqual", graph.node("Abs", made), graph.doubles(LARGEST_NUMBER))
    return graph.node("Cast", graph.node("Where", is_number, made, graph.doubles(np.nan)), to=TensorProto.FLOAT)


def node_values(fitted: Fitted, values: Values, *, what: str) -> Values:
    """Run a method's nodes on float64 values.

    Raises:
        StepError: they give something else than the library that was fitted.
    """
    graph = GraphWriter(values.shape[1], element=TensorProto.DOUBLE)
    written = graph.write(what, fitted.write(graph, graph.features), output=_OUTPUT, width=len(fitted.features))
    found: Values = _session(written).run([_OUTPUT], {INPUT: values})[0]
    _check(found, fitted, values, what)
    return found


def _check(found: Values, fitted: Fitted, values: Values, what: str) -> None:
    expected = fitted.transform(values)
    if found.shape != expected.shape or found.shape[1] != len(fitted.features):
        raise StepError(
            f"the nodes of {what} must give {counted(len(fitted.features), 'column')} as the fitted method does, "
            f"got {found.shape} and {expected.shape}"
        )
    known = np.isfinite(expected)
    scale = np.maximum(np.abs(np.where(known, expected, 0.0)).max(axis=0, initial=0.0), 1.0)
    with np.errstate(invalid="ignore"):
        near = (np.abs(found - expected) <= _ALLOWED * scale) | (found == expected)
    wrong = ~near & ~(np.isnan(found) & np.isnan(expected))
    if wrong.any():
        row, place = np.argwhere(wrong)[0]
        raise StepError(
            f"the nodes of {what} must give what the fitted method gives, got {found[row, place]:g} instead of "
            f"{expected[row, place]:g} in {fitted.features[place].name}"
        )


def _session(graph: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
