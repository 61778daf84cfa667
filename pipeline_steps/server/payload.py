"""Request bodies to the model's input, checked against the contract."""

import csv
import io
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.models.columns import FeatureColumn, ValueRefusedError
from pipeline_steps.models.contract import Contract
from pipeline_steps.server.messages import HttpError
from pipeline_steps.tables.cells import shown

CSV, JSON = "text/csv", "application/json"


def read_payload(contract: Contract, body: bytes, content_type: str) -> NDArray[np.float32]:
    """Make float32 [rows, columns] of a CSV or JSON body.

    Raises:
        HttpError: 415 for another type, 413 for too many rows, 400 for whatever breaks the contract.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type not in {CSV, JSON}:
        allowed = f"{CSV} or {JSON}"
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type must be {allowed}, got {shown(content_type)}")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _bad(f"the body must be UTF-8 text: {exc}") from exc
    rows = _csv_rows(contract, text) if media_type == CSV else _json_rows(contract, text)
    return np.array(rows, dtype=np.float32)


def _csv_rows(contract: Contract, text: str) -> list[list[float]]:
    columns = contract.columns
    rows = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True), 1):
            _check_count(contract, number)
            if len(cells) != len(columns):
                raise _bad(f"row {number} must have {len(columns)} columns, got {len(cells)}")
            try:
                rows.append([column.encode_text(cell) for column, cell in zip(columns, cells, strict=True)])
            except ValueRefusedError as exc:
                raise _bad(f"row {number}: {exc}") from exc
    except csv.Error as exc:
        raise _bad(f"the body must be CSV: {exc}") from exc
    if not rows:
        raise _bad("the body must hold at least one row, got none")
    return rows


def _json_rows(contract: Contract, text: str) -> list[list[float]]:
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise _bad(f"the body must be JSON: {exc}") from exc
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not instances:
        raise _bad('the body must be {"instances": [row, …]} with at least one row')
    _check_count(contract, len(instances))
    rows = []
    for number, instance in enumerate(instances, 1):
        try:
            rows.append(_json_row(contract.columns, instance))
        except ValueRefusedError as exc:
            raise _bad(f"row {number}: {exc}") from exc
    return rows


def _json_row(columns: Sequence[FeatureColumn], instance: Any) -> list[float]:
    if isinstance(instance, dict):
        if unknown := instance.keys() - {column.name for column in columns}:
            raise ValueRefusedError(f"column {shown(min(unknown))} is none of the model's")
        if absent := [column.name for column in columns if column.name not in instance and not column.missing]:
            raise ValueRefusedError(f"column {absent[0]} is absent")
        return [column.encode_json(instance.get(column.name)) for column in columns]
    if isinstance(instance, list):
        if len(instance) != len(columns):
            raise ValueRefusedError(f"it must have {len(columns)} columns, got {len(instance)}")
        return [column.encode_json(value) for column, value in zip(columns, instance, strict=True)]
    raise ValueRefusedError(f"it must be an object or a list, got {shown(instance)}")


def _check_count(contract: Contract, rows: int) -> None:
    if rows > contract.max_payload_rows:
        limit = contract.max_payload_rows
        raise HttpError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request must hold at most {limit} rows, got {rows} or more"
        )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON, a missing value is null")


def _bad(reason: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, reason)
