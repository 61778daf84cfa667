"""The faults a rehearsal puts into a model against the gates that are to find them."""

import json

import numpy as np
import pytest
from onnx import TensorProto, checker, helper

from pipeline_steps.artifact.reading import read_archive
from pipeline_steps.gates.contract_gate import check_contract
from pipeline_steps.gates.expected_differences import expected_limits
from pipeline_steps.gates.gate_results import ReplayLimits
from pipeline_steps.gates.recent_requests import CapturedRequest, RecentRequests
from pipeline_steps.gates.replay_gate import compare_replay
from rehearsal.journey.artifact_faults import ARTIFACT_FAULTS, inject_fault
from slipway.settings.replay import Replay
from tests.archives import archive_of
from tests.tiny_artifacts import NAMES, csv_body, tiny_model

WEIGHTS = [0.5, -0.3, 0.8, -0.05]
COLUMNS = [
    {"name": "month", "kind": "category", "categories": ["Feb", "Nov"], "other_code": 2, "unknown": "refuse"},
    {"name": "visits", "kind": "number", "min": 0.0, "max": 9.0},
    {"name": "spend", "kind": "number", "min": 0.0, "max": 9.0},
    {"name": "age", "kind": "number", "min": 18.0, "max": 99.0},
]
DEFAULTS = Replay().model_dump(exclude={"max_requests"})
LIMITS = ReplayLimits(50, 0.5, 10.0, 0.75, 0.1, 0.15, 3.0, 50.0, 100)


def graph():
    """A logistic model, written by hand."""
    nodes = [
        helper.make_node("MatMul", ["features", "weights"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["probability"]),
        helper.make_node("Reshape", ["probability", "flat"], ["score"]),
    ]
    made = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, 4])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [None])],
        [
            helper.make_tensor("weights", TensorProto.FLOAT, [4, 1], WEIGHTS),
            helper.make_tensor("flat", TensorProto.INT64, [1], [-1]),
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def archive():
    contract = {
        "version": 1,
        "columns": [column | {"missing": False} for column in COLUMNS],
        "target": "bought",
        "positive_label": "TRUE",
        "output": {"name": "score", "meaning": "probability of TRUE", "threshold": 0.5},
        "algorithm": "linear",
        "max_payload_rows": 100,
    }
    number = {"kind": "number", "missing": 0, "edges": [0.0, 5.0, 9.0], "counts": [60, 40]}
    month = {"kind": "category", "missing": 0, "frequencies": {"Feb": 50, "Nov": 50}, "other": 0}
    features = [{"name": c["name"], **(number if c["kind"] == "number" else month)} for c in COLUMNS]
    score = {"rows": 100, "mean": 0.5, "edges": [0.0, 0.5, 1.0], "counts": [50, 50]}
    files = {
        "model.onnx": graph(),
        "contract.json": json.dumps(contract).encode(),
        "baseline.json": json.dumps({"version": 1, "rows": 100, "features": features, "score": score}).encode(),
        "metrics.json": b"{}",
    }
    return archive_of(files)


@pytest.fixture
def gated(archive, tmp_path):
    def run(candidate):
        for name, content in (("champion", archive), ("candidate", candidate)):
            (tmp_path / f"{name}.tar.gz").write_bytes(content)
        champion = read_archive(tmp_path / "champion.tar.gz")
        contract, model = check_contract(tmp_path / "candidate.tar.gz", champion)
        return contract, champion, model

    return run


def visitors(count):
    random = np.random.default_rng(0)
    rows = [
        f"{random.choice(['Feb', 'Nov'])},{random.integers(9)},{random.random() * 3:.2f},{random.integers(18, 99)}\n"
        for _ in range(count)
    ]
    return RecentRequests(tuple(CapturedRequest(row.encode(), "text/csv") for row in rows))


def test_every_fault_of_an_artifact_has_a_name():
    assert set(ARTIFACT_FAULTS) == {"shift", "schema"}


@pytest.mark.parametrize("fault", sorted(ARTIFACT_FAULTS))
def test_the_same_model_with_the_same_fault_has_the_same_bytes(fault, archive):
    assert inject_fault(archive, fault) == inject_fault(archive, fault) != archive


def test_a_schema_fault_is_a_valid_artifact_that_the_contract_gate_refuses(archive, gated):
    contract, _, model = gated(inject_fault(archive, "schema"))
    assert contract.reasons == (
        "column spend must stay number 3 of a row's cells, got number 4",
        "column age must stay number 4 of a row's cells, got number 3",
    )
    assert [column.name for column in model.contract.columns] == ["month", "visits", "age", "spend"]


def test_a_model_with_a_schema_fault_gives_its_own_callers_the_same_scores(archive, gated):
    _, champion, model = gated(inject_fault(archive, "schema"))
    rows = np.array([[1, 3, 2.5, 40], [0, 8, 0.5, 70]], dtype=np.float32)
    np.testing.assert_allclose(model.scorer.score(rows[:, [0, 1, 3, 2]]), champion.scorer.score(rows), rtol=1e-6)


def test_a_shift_fault_keeps_the_contract_and_is_refused_by_the_replay(archive, gated):
    contract, champion, model = gated(inject_fault(archive, "shift"))
    assert contract.reasons == ()
    result = compare_replay(visitors(200), champion=champion, candidate=model, limits=LIMITS)
    assert any(reason.startswith("the mean score must stay within 0.1") for reason in result.reasons)


def test_the_model_without_a_fault_passes_the_same_replay(archive, gated):
    contract, champion, model = gated(archive)
    assert contract.reasons == ()
    assert compare_replay(visitors(200), champion=champion, candidate=model, limits=LIMITS).reasons == ()


def of_problem(problem, fault, folder):
    """The artifact of a problem, and the same with the fault, after the contract gate."""
    champion = tiny_model(problem).artifact
    (folder / "candidate.tar.gz").write_bytes(inject_fault(archive_of(champion.files), fault))
    return champion, *check_contract(folder / "candidate.tar.gz", champion)


@pytest.mark.parametrize("problem", NAMES)
def test_a_shift_fault_of_every_problem_keeps_the_contract_and_is_refused_by_the_replay(problem, tmp_path):
    champion, contract, model = of_problem(problem, "shift", tmp_path)
    assert contract.reasons == ()
    rows = csv_body(tiny_model(problem).table).splitlines(keepends=True)
    recent = RecentRequests(tuple(CapturedRequest(row, "text/csv") for row in rows))
    limits = ReplayLimits(**DEFAULTS | expected_limits(champion, None))
    assert compare_replay(recent, champion=champion, candidate=model, limits=limits).reasons


@pytest.mark.parametrize("problem", NAMES)
def test_a_schema_fault_of_every_problem_is_refused_by_the_contract_gate(problem, tmp_path):
    _, contract, _ = of_problem(problem, "schema", tmp_path)
    assert "column spend must stay number 2 of a row's cells, got number 1" in contract.reasons
