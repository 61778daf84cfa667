"""Fault injection into a model artifact: it stays consistent, loadable and fast, and is wrong for its users."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.journey.output_faults import OUTPUT_FAULTS, AddedNodes

_INPUT = "features"
_PROBLEM_OF_VERSION_1 = "binary"
"""A contract of version 1 names none."""

Files = dict[str, bytes]


def inject_fault(archive: bytes, fault: str) -> bytes:
    """The `model.tar.gz` with `fault`, one of `ARTIFACT_FAULTS`; the same archive gives the same bytes."""
    return _packed(ARTIFACT_FAULTS[fault](_unpacked(archive)))


def _shift(files: Files) -> Files:
    """The graph's output is wrong in a way that the problem's users would suffer from."""
    contract = json.loads(files["contract.json"])
    fault = OUTPUT_FAULTS[contract.get("problem", _PROBLEM_OF_VERSION_1)]

    def change(graph: Any) -> None:
        output = graph.output[0].name
        trained = f"{output}_as_trained"
        _rename(graph, output, trained)
        fault.change(AddedNodes(graph), trained, output, contract)

    return files | {"model.onnx": _changed(files["model.onnx"], change)}


def _reorder(files: Files) -> Files:
    """Two columns are exchanged in contract, baseline and graph alike, as if the table had been reordered.

    The artifact is consistent, and callers who send cells by position get wrong scores with status 200.
    """
    from onnx import TensorProto, helper  # noqa: PLC0415

    contract, baseline = json.loads(files["contract.json"]), json.loads(files["baseline.json"])
    order = _with_two_exchanged(contract["columns"])
    contract["columns"] = [contract["columns"][place] for place in order]
    baseline["features"] = [baseline["features"][place] for place in order]

    def change(graph: Any) -> None:
        _rename(graph, _INPUT, "features_as_trained")
        width = graph.input[0].type.tensor_type.shape.dim[1].dim_value  # behind the columns are buckets of texts
        places = [*order, *range(len(order), width)]
        graph.initializer.append(helper.make_tensor("fault_order", TensorProto.INT64, [len(places)], places))
        gather = helper.make_node("Gather", [_INPUT, "fault_order"], ["features_as_trained"], axis=1)
        graph.node.insert(0, gather)

    return files | {
        "model.onnx": _changed(files["model.onnx"], change),
        "contract.json": json.dumps(contract, indent=1, sort_keys=True).encode(),
        "baseline.json": json.dumps(baseline, indent=1, sort_keys=True).encode(),
    }


ARTIFACT_FAULTS: Mapping[str, Callable[[Files], Files]] = {"shift": _shift, "schema": _reorder}
"""The faults of the artifact; others are faults of the image."""

_IN_WORDS = {
    "errors": "3 of 10 requests get an error, as after a bad build",
    "slow": "responses take 1.5 s, as after a bad build",
    "schema": "two columns are exchanged, so that rows in the order of before mean something else",
}


def fault_in_words(fault: str, problem: str) -> str:
    """What is wrong with a model with `fault` that solves `problem`."""
    return _IN_WORDS.get(fault) or OUTPUT_FAULTS[problem].in_words


def _with_two_exchanged(columns: list[dict[str, Any]]) -> list[int]:
    """The order of `columns` with two adjacent numbers exchanged, so that rows in the old order are still accepted."""
    order = list(range(len(columns)))
    kinds = [column["kind"] for column in columns]
    place = next((at for at in reversed(order[1:]) if kinds[at - 1] == kinds[at] == "number"), 1)
    order[place - 1], order[place] = order[place], order[place - 1]
    return order


def _changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    import onnx  # noqa: PLC0415

    model = onnx.load_from_string(content)
    change(model.graph)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString(deterministic=True))


def _rename(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name == old:
                    names[at] = new


def _unpacked(archive: bytes) -> Files:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as tar:
        members = [(member.name.removeprefix("./"), tar.extractfile(member)) for member in tar if member.isfile()]
        return {name: file.read() for name, file in members if file is not None}


def _packed(files: Files) -> bytes:
    target = io.BytesIO()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed) as tar,
    ):
        for name, content in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return target.getvalue()
