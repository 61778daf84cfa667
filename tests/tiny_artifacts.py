"""A whole model artifact of each problem, made in milliseconds: a graph of a few nodes over three columns."""

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import onnx
import pandas as pd
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.artifact.scorer import Scorer
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.baseline.held_out import with_held_out
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.problems.problem import Outputs, Target
from pipeline_steps.problems.quality import Labelled
from pipeline_steps.problems.registry import PROBLEMS, problem_named

NAMES = tuple(PROBLEMS)
CLASSES = ("cancel", "keep", "upgrade")
COLUMNS = (
    NumberColumn("visits", 0, 10, missing=False),
    NumberColumn("spend", 0, 10, missing=True),
    CategoryColumn("month", ("Feb", "Nov"), other_code=2, accepts_unknown=True, missing=True),
)

_WEIGHTS = np.array([[0.5, -0.2, -0.3], [-0.3, 0.4, -0.1], [0.8, -0.6, 0.4]], dtype=np.float32)


@dataclass(frozen=True)
class TinyModel:
    """An artifact, and rows that it was not made of."""

    artifact: Artifact
    table: pd.DataFrame
    features: NDArray[np.float32]
    outputs: Outputs
    target: Target

    @property
    def contract(self) -> Contract:
        return self.artifact.contract

    @property
    def baseline(self) -> Baseline:
        return Baseline.from_document(self.artifact.document("baseline.json"), self.contract)

    @property
    def labels(self) -> NDArray[np.float64]:
        return np.asarray(self.contract.problem.labels(self.outputs, self.contract.decision), dtype=np.float64)

    @property
    def headline(self) -> NDArray[np.float32]:
        return self.contract.problem.headline(self.outputs)

    def truth_text(self, row: int) -> str:
        """The outcome of a row as a ground truth has it."""
        kind, found = self.contract.problem.label_kind, self.target[row]
        if kind == "category":
            return CLASSES[int(found)]
        return str(int(found)) if kind == "positive" else f"{found:.6f}"


def tiny_table(rows: int, *, seed: int) -> pd.DataFrame:
    draws = np.random.default_rng(seed)
    spend = draws.random(rows) * 10
    spend[draws.random(rows) < 0.05] = np.nan
    months = draws.choice(["Feb", "Nov", "May", ""], rows, p=[0.5, 0.3, 0.15, 0.05])
    return pd.DataFrame({"visits": draws.integers(0, 11, rows).astype(float), "spend": spend, "month": months})


def csv_body(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, header=False).encode()


@lru_cache
def tiny_model(problem_name: str, *, bias: float = 0.0) -> TinyModel:
    """Make the artifact of a problem; `bias` moves what the graph gives."""
    problem = problem_named(problem_name)
    labels_are_known = problem.quality is not None
    contract = Contract(
        columns=COLUMNS,
        problem_name=problem_name,
        target="outcome" if labels_are_known else None,
        positive_label="1" if labels_are_known and problem.label_kind == "positive" else None,
        classes=CLASSES if labels_are_known and problem.label_kind == "category" else (),
        decision={"threshold": 0.5} if problem.label_kind == "positive" else {},
        output={"name": problem.output, "meaning": "of the test"},
        algorithm="tiny",
        max_payload_rows=1000,
    )
    graph = _graph(problem_name, problem.output, bias)
    predict = Scorer(graph, problem.output).score
    train = tiny_table(600, seed=1)
    features = contract.encode(train)
    target = _target(contract, predict(features), seed=2)
    baseline = with_held_out(
        training_distribution(COLUMNS, train, problem.headline(predict(features))),
        contract,
        predict=predict,
        features=features,
        outputs=predict(features),
        target=target,
    )
    documents = {
        "contract.json": contract.to_document(),
        "baseline.json": baseline,
        "metrics.json": {"validation": _metrics(contract, predict(features), target)},
    }
    files = {name: json.dumps(document).encode() for name, document in documents.items()} | {"model.onnx": graph}
    table = tiny_table(500, seed=3)
    rows = contract.encode(table)
    return TinyModel(Artifact(files), table, rows, predict(rows), _target(contract, predict(rows), seed=4))


def _target(contract: Contract, outputs: Outputs, *, seed: int) -> Target:
    """Draw outcomes as the model expects them; none where there are none."""
    draws = np.random.default_rng(seed)
    problem = contract.problem
    if problem.quality is None:
        return np.full(len(outputs), np.nan)
    if problem.label_kind == "category":
        return np.array([draws.choice(len(row), p=row / row.sum()) for row in outputs.astype(np.float64)], dtype=float)
    if problem.label_kind == "positive":
        return (draws.random(len(outputs)) < outputs).astype(float)
    return outputs + draws.normal(0, 0.3, len(outputs))


def _metrics(contract: Contract, outputs: Outputs, target: Target) -> dict[str, float]:
    problem = contract.problem
    if problem.quality is None:
        return {}
    labels = np.asarray(problem.labels(outputs, contract.decision), dtype=np.float64)
    found = problem.quality.measure(Labelled(target, problem.headline(outputs), labels, contract.classes))
    return {name: entry["value"] for name, entry in found.items() if "value" in entry}


def _graph(problem_name: str, output: str, bias: float) -> bytes:
    """Missing values count as 0; then a linear model, or distances to three centres."""
    made = [
        helper.make_node("IsNaN", ["features"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "features"], ["known"]),
    ]
    wide = problem_name in {"multiclass", "clustering"}
    weights = _WEIGHTS if wide else _WEIGHTS[:, :1]
    constants = {"zero": np.float32(0), "weights": weights, "bias": np.array([bias, 0, 0][: weights.shape[1]])}
    if problem_name == "clustering":
        constants |= {
            "centres": np.array([[2, 2, 0], [8, 3, 1], [5, 9, 2]]),
            "one": np.array([1]),
            "two": np.array([2]),
        }
        made += [
            helper.make_node("Unsqueeze", ["known", "one"], ["rows"]),
            helper.make_node("Sub", ["rows", "centres"], ["apart"]),
            helper.make_node("Mul", ["apart", "apart"], ["squares"]),
            helper.make_node("ReduceSum", ["squares", "two"], ["summed"], keepdims=0),
            helper.make_node("Sqrt", ["summed"], ["away"]),
            helper.make_node("Add", ["away", "bias"], [output]),
        ]
    else:
        made += [
            helper.make_node("MatMul", ["known", "weights"], ["weighted"]),
            helper.make_node("Add", ["weighted", "bias"], ["linear"]),
        ]
        if problem_name == "multiclass":
            made.append(helper.make_node("Softmax", ["linear"], [output], axis=1))
        else:
            constants["flat"] = np.array([-1])
            made.append(helper.make_node("Reshape", ["linear", "flat"], ["value" if output != "value" else output]))
            if output != "value":
                made.append(helper.make_node("Sigmoid", ["value"], [output]))
    shape = ["rows", 3] if wide else ["rows"]
    graph = helper.make_graph(
        made,
        problem_name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(_typed(name, value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _typed(name: str, value: object) -> NDArray[np.float32] | NDArray[np.int64]:
    return np.asarray(value, dtype=np.int64 if name in {"one", "two", "flat"} else np.float32)
