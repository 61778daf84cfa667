"""What the fault `shift` does to the output of a model of each kind of problem."""

import io
import json
import tarfile

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from rehearsal.journey.artifact_faults import fault_in_words, inject_fault
from rehearsal.journey.output_faults import OUTPUT_FAULTS
from tests.archives import archive_of

ROWS = np.array([[0.09, 0.25, 0.66], [0.81, 0.01, 0.18]], dtype=np.float32)


def model(output: str, *, width: int | None) -> bytes:
    """A graph whose output is its input, or the input's first column where it gives one number a row."""
    feature = helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 3])
    node = helper.make_node("Identity", ["features"], [output])
    constants = []
    if width is None:
        node = helper.make_node("Gather", ["features", "first"], [output], axis=1)
        constants = [helper.make_tensor("first", TensorProto.INT64, [], [0])]
    shape = [None] if width is None else [None, width]
    made = helper.make_graph(
        [node], "model", [feature], [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)], constants
    )
    content = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(content.SerializeToString())


def shifted(problem: str, output: str, *, width: int | None = None) -> NDArray[np.float32]:
    """The faulty model's output for `ROWS`."""
    contract = {"version": 2, "problem": problem, "columns": [], "classes": ["a", "b", "c"]}
    archive = archive_of({"model.onnx": model(output, width=width), "contract.json": json.dumps(contract).encode()})
    with tarfile.open(fileobj=io.BytesIO(inject_fault(archive, "shift"))) as faulty_archive:
        member = faulty_archive.extractfile("model.onnx")
        assert member is not None
        faulty = member.read()
    session = ort.InferenceSession(faulty, providers=["CPUExecutionProvider"])
    found: NDArray[np.float32] = session.run([output], {"features": ROWS})[0]
    return found


@pytest.mark.parametrize("problem", ["binary", "anomaly"])
def test_scores_are_too_high(problem: str) -> None:
    np.testing.assert_allclose(shifted(problem, "score"), [0.3, 0.9], rtol=1e-6)


def test_each_label_gets_the_probability_of_the_one_before() -> None:
    np.testing.assert_allclose(shifted("multiclass", "scores", width=3), ROWS[:, [2, 0, 1]])


def test_numbers_are_in_another_unit() -> None:
    np.testing.assert_allclose(shifted("regression", "value"), ROWS[:, 0] * 1.609, rtol=1e-6)


def test_one_cluster_is_nearer_than_it_is() -> None:
    np.testing.assert_allclose(shifted("clustering", "distances", width=3), ROWS * [0.1, 1, 1], rtol=1e-6)


@pytest.mark.parametrize("problem", OUTPUT_FAULTS)
@pytest.mark.parametrize("fault", ["errors", "slow", "shift", "schema"])
def test_every_fault_is_said_in_words(fault: str, problem: str) -> None:
    assert len(fault_in_words(fault, problem)) > 20
