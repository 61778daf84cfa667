"""Request bodies to the model's input, checked against the contract."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn, ValueRefusedError, json_quoted
from pipeline_steps.server.bodies import Body, UnreadableBodyError, csv_records, json_instances
from pipeline_steps.server.messages import HttpError
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.near_matches import near_match

CSV, JSON = "text/csv", "application/json"
READERS: Mapping[str, Callable[[Body, int], Iterator[Any]]] = {CSV: csv_records, JSON: json_instances}
"""Reads the rows of a body of that type: cells of text, or objects and lists."""

_CHARSETS = ("utf-8", "us-ascii")
_NAMED = 12
_BLOCK_ROWS = 1024
"""So many rows are kept as Python's numbers, which take eight times the memory of the model's."""


def read_payload(contract: Contract, body: Body, content_type: str) -> NDArray[np.float32]:
    """Make float32 [rows, columns] of a CSV or JSON body.

    Raises:
        HttpError: 415 for another type or charset, 413 for too many rows, 400 for whatever breaks the contract.
    """
    given = _given_type(content_type)
    encode = _csv_row if given == CSV else _json_row
    columns, most, rows = contract.columns, contract.max_payload_rows, 0
    waiting: list[list[float]] = []
    blocks: list[NDArray[np.float32]] = []
    try:
        for row in READERS[given](body, contract.longest_row):
            rows += 1
            if rows > most:
                raise HttpError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a request must hold at most {most} rows, got {rows} or more"
                )
            if rows == 1 and given == CSV and _is_header(contract, row):
                raise _header(contract)
            waiting.append(encode(columns, row))
            if len(waiting) == _BLOCK_ROWS:
                blocks.append(np.array(waiting, dtype=np.float32))
                waiting = []
    except ValueRefusedError as exc:
        raise _bad(f"row {rows}: {exc}") from exc
    except UnreadableBodyError as exc:
        raise _bad(str(exc)) from exc
    if not rows:
        raise _bad("the body must hold at least one row, got none")
    if waiting:
        blocks.append(np.array(waiting, dtype=np.float32))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _csv_row(columns: Sequence[FeatureColumn], cells: Sequence[str]) -> list[float]:
    if len(cells) != len(columns):
        raise ValueRefusedError(f"it must have {len(columns)} columns, got {len(cells)}")
    return [column.encode_text(cell) for column, cell in zip(columns, cells, strict=True)]


@lru_cache(maxsize=64)
def _given_type(content_type: str) -> str:
    given = media_type(content_type)
    if given not in READERS:
        raise _unsupported(f"content type must be {CSV} or {JSON}", content_type)
    for parameter in content_type.split(";")[1:]:
        name, _, text = (part.strip() for part in parameter.lower().partition("="))
        if name == "charset" and text.strip('"') not in _CHARSETS:
            raise _unsupported(f"charset must be {' or '.join(_CHARSETS)}", content_type)
    return given


def media_type(content_type: str) -> str:
    """The type alone, without parameters and in lower case, as types are compared."""
    return content_type.partition(";")[0].strip().lower()


def _is_header(contract: Contract, cells: Sequence[str]) -> bool:
    """Whether most cells are names of columns, and not all are categories of the model."""
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
    raise ValueRefusedError(f"it must be an object or a list, got {json_quoted(instance)}")


def _unknown(name: str, columns: Sequence[FeatureColumn]) -> str:
    near = near_match(name, [column.name for column in columns])
    return f"column {quoted(name)} is none of the model's" + (f"; it has {near}" if near else "")


def _unsupported(rule: str, content_type: str) -> HttpError:
    return HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"{rule}, got {quoted(content_type)}")


def _bad(reason: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, reason)
