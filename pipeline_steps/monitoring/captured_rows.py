"""Captured requests as columns, each cell checked by the contract on its own."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES, Contract
from pipeline_steps.features.columns import FeatureColumn, ValueRefusedError
from pipeline_steps.monitoring.capture_records import CaptureRecord
from pipeline_steps.server.bodies import UnreadableBodyError
from pipeline_steps.server.compression import MAGIC, DamagedGzipError, UnpackedTooLargeError, unpacked
from pipeline_steps.server.request_formats import FORMATS, JSON, RequestFormat, UnsupportedTypeError, request_format


@dataclass(frozen=True)
class CapturedRows:
    """`features` is float32 [rows, width], NaN where a value is missing or `refused` by the contract.

    `absent` counts the rows that name no such column: a missing value where the contract allows one. `scores` and
    `labels` have what each row got, NaN where a response had no label. `mismatched` counts the records that have more
    or fewer rows than predictions; all others are in `records`, whose rows these are.
    """

    features: NDArray[np.float32]
    refused: NDArray[np.bool_]
    scores: NDArray[np.float32]
    absent: Counter[str]
    extra: Counter[str]
    mismatched: int
    records: Sequence[CaptureRecord] = ()
    labels: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def column(self, place: int) -> NDArray[np.float32]:
        """Give one column's values that the contract allows, missing ones among them."""
        values: NDArray[np.float32] = self.allowed(place)[:, place]
        return values

    def allowed(self, place: int) -> NDArray[np.float32]:
        """Give the rows whose value in one column the contract allows."""
        rows: NDArray[np.float32] = self.features[~self.refused[:, place]]
        return rows


def read_rows(contract: Contract, records: Sequence[CaptureRecord]) -> CapturedRows:
    """Read every row of `records`."""
    rows: list[list[float]] = []
    texts: list[list[str]] = [[] for _ in contract.texts]
    scores: list[float] = []
    labels: list[float] = []
    absent: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    matching: list[CaptureRecord] = []
    for record in records:
        found, header = _format(record.content_type)
        given = _given(contract, record.body, found, header)
        if len(given) != len(record.predictions):
            continue
        matching.append(record)
        for row in given:
            absent.update(column.name for column in contract.columns if column.name not in row)
            extra.update(row.keys() - {column.name for column in contract.columns})
            rows.append([_encode(column, row, text=found.text) for column in contract.columns])
            for column, its in zip(contract.texts.values(), texts, strict=True):
                its.append(_text(row.get(column.name)))
        scores += [prediction.score for prediction in record.predictions]
        labels += [math.nan if prediction.label is None else prediction.label for prediction in record.predictions]
    encoded = np.array(rows, dtype=np.float64).reshape(len(rows), len(contract.columns))
    refused = np.isinf(encoded)
    counts = [column.counts(its) for column, its in zip(contract.texts.values(), texts, strict=True)]
    features = np.column_stack([np.where(refused, np.nan, encoded), *counts]).astype(np.float32)
    mismatched = len(records) - len(matching)
    return CapturedRows(
        features,
        refused,
        np.array(scores, dtype=np.float32),
        absent,
        extra,
        mismatched,
        matching,
        np.array(labels, dtype=np.float64),
    )


def _format(content_type: str) -> tuple[RequestFormat, str]:
    """Another type counts as JSON, which other containers name as they like."""
    try:
        return request_format(content_type)
    except UnsupportedTypeError:
        return FORMATS[JSON], ""


def _given(contract: Contract, body: bytes, found: RequestFormat, header: str) -> list[dict[str, Any]]:
    """Give each row by column name; nothing of a body that no format reads."""
    try:
        whole = unpacked(body, MAX_PAYLOAD_BYTES) if body.startswith(MAGIC) else body
        listed = found.read(contract, whole, MAX_PAYLOAD_BYTES, header)
        return [row if isinstance(row, dict) else _named(contract, row) for row in listed]
    except (UnreadableBodyError, UnpackedTooLargeError, DamagedGzipError, TypeError):
        return []


def _named(contract: Contract, row: list[Any]) -> dict[str, Any]:
    names = [column.name for column in contract.columns]
    more = [f"column {place}" for place in range(len(names) + 1, len(row) + 1)]
    return dict(zip([*names, *more], row, strict=False))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _encode(column: FeatureColumn, given: dict[str, Any], *, text: bool) -> float:
    """Encode one cell; infinity, which no cell stands for, is a value that the contract refuses."""
    if column.name not in given:
        return math.nan if column.missing else math.inf
    try:
        return column.encode_text(given[column.name]) if text else column.encode_json(given[column.name])
    except ValueRefusedError:
        return math.inf
