"""The candidate by itself: do its contract, its baseline and its graph agree?"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import StepError
from pipeline_steps.gates.model import Model
from pipeline_steps.models.columns import CategoryColumn, FeatureColumn, NumberColumn
from pipeline_steps.models.contract import Contract
from pipeline_steps.models.scorer import OUTPUT, Scorer
from pipeline_steps.monitoring.baseline import Baseline
from pipeline_steps.tables.cells import LARGEST_NUMBER, category, shown

_PROBES = 512
_ROUNDING = 1e-6


def unsound(model: Model) -> list[str]:
    """What is wrong with `model`, a sentence each; none when nothing is."""
    contract = model.contract
    found = [
        *_contract(contract),
        *(reason for column in contract.columns for reason in _column(column)),
        *_output(model.documents["contract.json"]["output"]),
        *_baseline(contract, model.documents["baseline.json"]),
    ]
    return found or list(_graph(contract, model.files["model.onnx"]))


def _contract(contract: Contract) -> Iterator[str]:
    names = [column.name for column in contract.columns]
    if not names:
        yield "contract.json must name at least one column, got none"
    for name, count in Counter(names).items():
        if count > 1:
            yield f"column {name} must be named once, got {count} times"
    if not 0 <= contract.threshold <= 1:
        yield f"output.threshold must be in 0..1, got {contract.threshold}"
    if contract.max_payload_rows < 1:
        yield f"max_payload_rows must be at least 1, got {contract.max_payload_rows}"


def _column(column: FeatureColumn) -> Iterator[str]:
    if isinstance(column, NumberColumn):
        if not -LARGEST_NUMBER <= column.min <= column.max <= LARGEST_NUMBER:
            yield f"column {column.name} must have a range from low to high, got {column.min} to {column.max}"
        return
    texts = [category(text) if isinstance(text, str) else text for text in column.categories]
    if twice := [text for text, count in Counter(texts).items() if count > 1]:
        yield f"column {column.name} must name a category once, got {shown(twice[0])} twice"
    if wrong := [text for text in column.categories if not isinstance(text, str) or not text]:
        yield f"column {column.name} must have categories of at least one character, got {shown(wrong[0])}"
    if not 0 <= column.other_code <= len(column.categories):
        yield f"column {column.name} must have other_code in 0..{len(column.categories)}, got {column.other_code}"


def _output(output: Mapping[str, Any]) -> Iterator[str]:
    if (name := output.get("name")) != OUTPUT:
        yield f"output.name must be {OUTPUT}, which model.onnx gives, got {shown(name)}"


def _baseline(contract: Contract, baseline: Mapping[str, Any]) -> Iterator[str]:
    """Drift is measured against it as soon as users come."""
    try:
        Baseline.from_document(baseline, contract)
    except StepError as exc:
        yield str(exc)


def _graph(contract: Contract, graph: bytes) -> Iterator[str]:
    try:
        scorer = Scorer(graph)
    except StepError as exc:
        yield " ".join(str(exc).split())
        return
    columns = len(contract.columns)
    if scorer.columns not in (None, columns):
        yield f"model.onnx must take the contract's {columns} columns, got {scorer.columns}"
        return
    rows = _probes(contract.columns)
    try:
        scores = np.asarray(scorer.score(rows))
    except Exception as exc:  # noqa: BLE001 (the runtime's errors share no base class but this)
        yield f"model.onnx must score the contract's {columns} columns: {' '.join(str(exc).split())}"
        return
    if scores.shape != (len(rows),):
        yield f"model.onnx must give one score a row, shape ({len(rows)},), got {scores.shape}"
    elif wrong := [score for score in scores.tolist() if not -_ROUNDING <= score <= 1 + _ROUNDING]:
        what = "not finite" if not math.isfinite(wrong[0]) else f"as {wrong[0]:g}"
        yield f"model.onnx must give scores in 0..1, got {len(wrong)} of {len(scores)} {what}"


def _probes(columns: tuple[FeatureColumn, ...]) -> NDArray[np.float32]:
    """Rows of values that each column allows: ends, middle, every category, missing; mixed with a fixed seed."""
    random = np.random.default_rng(0)
    return np.column_stack([random.choice(_allowed(column), _PROBES) for column in columns]).astype(np.float32)


def _allowed(column: FeatureColumn) -> list[float]:
    if isinstance(column, CategoryColumn):
        values = [float(code) for code in range(len(column.categories) + 1)]
        if not column.accepts_unknown:
            values.remove(float(column.other_code))
    else:
        values = [column.min, column.max, column.min / 2 + column.max / 2]
    return [*values, math.nan] if column.missing or not values else values
