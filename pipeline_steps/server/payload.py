"""Request bodies to the model's input, checked against the contract."""

import csv
import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.models.columns import CategoryColumn, FeatureColumn, ValueRefusedError, json_shown
from pipeline_steps.models.contract import Contract
from pipeline_steps.server.messages import HttpError
from pipeline_steps.tables.alike import look_alike
from pipeline_steps.tables.cells import shown
from pipeline_steps.tables.csv_rows import rows_of_text

CSV, JSON = "text/csv", "application/json"
_NAMED = 12


def read_payload(contract: Contract, body: bytes, content_type: str) -> NDArray[np.float32]:
    """Make float32 [rows, columns] of a CSV or JSON body.

    Raises:
        HttpError: 415 for another type, 413 for too many rows, 400 for whatever breaks the contract.
    """
    given = media_type(content_type)
    if given not in {CSV, JSON}:
        allowed = f"{CSV} or {JSON}"
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"content type must be {allowed}, got {shown(content_type)}")
    text = body_text(body)
    rows = _csv_rows(contract, text) if given == CSV else _json_rows(contract, text)
    return np.array(rows, dtype=np.float32)


def media_type(content_type: str) -> str:
    """The type alone, without parameters and in lower case, as types are compared."""
    return content_type.partition(";")[0].strip().lower()


def body_text(body: bytes) -> str:
    """Decode a body.

    Raises:
        HttpError: 400, it is not UTF-8.
    """
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise _bad(f"the body must be UTF-8 text: {exc}") from exc


def json_instances(text: str) -> list[Any]:
    """Read the rows of a JSON body, one or more.

    Raises:
        HttpError: 400, it has none.
    """
    try:
        document = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise _bad(f"the body must be JSON: {exc}") from exc
    instances = document.get("instances") if isinstance(document, dict) else None
    if not isinstance(instances, list) or not instances:
        raise _bad('the body must be {"instances": [row, …]} with at least one row')
    return instances


def _csv_rows(contract: Contract, text: str) -> list[list[float]]:
    rows: list[list[float]] = []
    try:
        for number, cells in enumerate(rows_of_text(text), 1):
            _check_count(contract, number)
            if number == 1 and _is_header(contract, cells):
                raise _header(contract)
            rows.append(_csv_row(contract.columns, cells, number))
    except csv.Error as exc:
        raise _bad(f"the body must be CSV: {exc}") from exc
    if not rows:
        raise _bad("the body must hold at least one row, got none")
    return rows


def _csv_row(columns: Sequence[FeatureColumn], cells: Sequence[str], number: int) -> list[float]:
    if len(cells) != len(columns):
        raise _bad(f"row {number} must have {len(columns)} columns, got {len(cells)}")
    try:
        return [column.encode_text(cell) for column, cell in zip(columns, cells, strict=True)]
    except ValueRefusedError as exc:
        raise _bad(f"row {number}: {exc}") from exc


def _is_header(contract: Contract, cells: Sequence[str]) -> bool:
    """Whether most cells are names of columns, and they are not categories that the model knows."""
    named = contract.names_column
    if not cells or not (named(cells[0]) or named(cells[-1])) or 2 * sum(map(named, cells)) <= len(cells):
        return False
    pairs = zip(contract.columns, cells, strict=False)
    known = sum(isinstance(column, CategoryColumn) and cell in column.codes for column, cell in pairs)
    return known < len(cells)


def _header(contract: Contract) -> HttpError:
    names = [column.name for column in contract.columns]
    order = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    return _bad(f"row 1 must hold values, got a header: send no header, and the columns in the order {order}")


def _json_rows(contract: Contract, text: str) -> list[list[float]]:
    instances = json_instances(text)
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
            raise ValueRefusedError(_unknown(min(unknown), columns))
        if not instance:
            raise ValueRefusedError("it must have a value for at least one column, got none")
        if absent := [column.name for column in columns if column.name not in instance and not column.missing]:
            raise ValueRefusedError(f"column {absent[0]} is absent")
        return [column.encode_json(instance.get(column.name)) for column in columns]
    if isinstance(instance, list):
        if len(instance) != len(columns):
            raise ValueRefusedError(f"it must have {len(columns)} columns, got {len(instance)}")
        return [column.encode_json(value) for column, value in zip(columns, instance, strict=True)]
    raise ValueRefusedError(f"it must be an object or a list, got {json_shown(instance)}")


def _unknown(name: str, columns: Sequence[FeatureColumn]) -> str:
    near = look_alike(name, [column.name for column in columns])
    return f"column {shown(name)} is none of the model's" + (f"; it has {near}" if near else "")


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
