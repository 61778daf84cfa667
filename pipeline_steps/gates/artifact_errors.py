"""Whether an artifact's contract, baseline and graph are valid and agree."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.artifact.contract_errors import contract_errors
from pipeline_steps.artifact.reading import Artifact
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.errors import StepError
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn

_PROBES = 512


def artifact_errors(artifact: Artifact) -> list[str]:
    """What is wrong with `artifact`, a sentence each."""
    contract = artifact.contract
    found = [
        *contract_errors(contract),
        *_baseline(contract, artifact.document("baseline.json")),
    ]
    return found or list(_graph(artifact))


def _baseline(contract: Contract, baseline: Mapping[str, Any]) -> Iterator[str]:
    """Drift is measured against it from the first request on."""
    try:
        Baseline.from_document(baseline, contract)
    except StepError as exc:
        yield str(exc)


def _graph(artifact: Artifact) -> Iterator[str]:
    contract = artifact.contract
    try:
        scorer = artifact.scorer
    except StepError as exc:
        yield " ".join(str(exc).split())
        return
    columns = len(contract.columns)
    rows = _probes(contract)
    try:
        outputs = np.asarray(scorer.score(rows))
    except Exception as exc:  # noqa: BLE001 (the runtime's errors share no base class but this)
        yield f"model.onnx must score the contract's {columns} columns: {' '.join(str(exc).split())}"
        return
    yield from contract.problem.output_errors(outputs, contract.classes, len(rows))


def _probes(contract: Contract) -> NDArray[np.float32]:
    """Rows of values that each column allows: ends, middle, every category, missing; mixed with a fixed seed."""
    random = np.random.default_rng(0)
    own = [random.choice(_allowed(column), _PROBES) for column in contract.columns]
    buckets = random.integers(-2, 3, (_PROBES, contract.width - len(own)))
    return np.column_stack([*own, buckets]).astype(np.float32)


def _allowed(column: FeatureColumn) -> list[float]:
    if isinstance(column, CategoryColumn):
        values = [float(code) for code in range(len(column.categories) + 1)]
        if not column.accepts_unknown:
            values.remove(float(column.other_code))
    else:
        values = [column.min, column.max, column.min / 2 + column.max / 2]
    return [*values, math.nan] if column.missing or not values else values
