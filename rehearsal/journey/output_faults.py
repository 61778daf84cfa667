"""The fault `shift` by kind of problem: what is done to the model's output, and what its users would get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_POWER = 0.5
"""The square root raises a score of 0.04 to 0.2: many more rows are labelled positive."""

_FACTOR = 1.609
"""Kilometres in a mile."""

_SHARE = 0.1
"""Of a distance: a tenth makes one cluster the nearest of most rows, as if its unit had been forgotten."""

_PREFIX = "fault_"
"""Of the names of what is added: the model's graph may have any others."""

Change = Callable[["AddedNodes", str, str, Mapping[str, Any]], None]


class AddedNodes:
    """Adds nodes and constants to the end of an ONNX graph."""

    def __init__(self, graph: Any) -> None:
        self._graph = graph

    def constant(self, name: str, values: list[float] | list[int] | float) -> str:
        """A constant tensor; a single number has no dimension. Returns its name."""
        from onnx import TensorProto, helper  # noqa: PLC0415 (half a second, and only here)

        name = f"{_PREFIX}{name}"
        flat = values if isinstance(values, list) else [values]
        kind = TensorProto.FLOAT if isinstance(flat[0], float) else TensorProto.INT64
        shape = [len(flat)] if isinstance(values, list) else []
        self._graph.initializer.append(helper.make_tensor(name, kind, shape, flat))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A node with one output, whose name is returned."""
        from onnx import helper  # noqa: PLC0415

        self._graph.node.append(helper.make_node(operator, inputs, [output], **attributes))
        return output


@dataclass(frozen=True)
class OutputFault:
    """`change` gets the names of the tensor as trained and of the faulty one, and the contract."""

    in_words: str
    change: Change


def _square_root(nodes: AddedNodes, trained: str, faulty: str, _contract: Mapping[str, Any]) -> None:
    nodes.add("Pow", [trained, nodes.constant("power", _POWER)], faulty)


def _next_label(nodes: AddedNodes, trained: str, faulty: str, contract: Mapping[str, Any]) -> None:
    places = list(range(len(contract["classes"])))
    nodes.add("Gather", [trained, nodes.constant("places", places[-1:] + places[:-1])], faulty, axis=1)


def _other_unit(nodes: AddedNodes, trained: str, faulty: str, _contract: Mapping[str, Any]) -> None:
    nodes.add("Mul", [trained, nodes.constant("factor", _FACTOR)], faulty)


def _nearer_cluster(nodes: AddedNodes, trained: str, faulty: str, _contract: Mapping[str, Any]) -> None:
    zero, one, end = nodes.constant("zero", [0]), nodes.constant("one", [1]), nodes.constant("end", [2**31])
    first = nodes.add("Slice", [trained, zero, one, one], f"{_PREFIX}first")
    others = nodes.add("Slice", [trained, one, end, one], f"{_PREFIX}others")
    nearer = nodes.add("Mul", [first, nodes.constant("tenth", _SHARE)], f"{_PREFIX}nearer")
    nodes.add("Concat", [nearer, others], faulty, axis=1)


OUTPUT_FAULTS: Mapping[str, OutputFault] = {
    "binary": OutputFault("scores are too high, as if a transformation had been forgotten", _square_root),
    "multiclass": OutputFault("each label gets the probability of the one before", _next_label),
    "regression": OutputFault(f"numbers are {_FACTOR:g} times too high, as if units had been confused", _other_unit),
    "anomaly": OutputFault("scores are too high, so that most rows are anomalous", _square_root),
    "clustering": OutputFault(
        "the distance to the first cluster is a tenth, so that most rows get it", _nearer_cluster
    ),
}
"""By the problem that the artifact's contract names."""
