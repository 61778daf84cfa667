"""Request bodies to the model's input, checked against the contract."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import FeatureColumn, ValueRefusedError, json_quoted
from pipeline_steps.server.bodies import Body, UnreadableBodyError
from pipeline_steps.server.compression import MAGIC, DamagedGzipError, UnpackedTooLargeError, unpacked
from pipeline_steps.server.messages import HttpError
from pipeline_steps.server.request_formats import UnsupportedTypeError, request_format
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.near_matches import near_match

_BLOCK_ROWS = 1024
"""So many rows are kept as Python's numbers, which take eight times the memory of the model's."""


def read_payload(contract: Contract, body: Body, content_type: str) -> NDArray[np.float32]:
    """Make float32 [rows, width] of a body, which may be packed with gzip.

    Raises:
        HttpError: 415 for another type or charset, 413 for too many rows or bytes, 400 for what breaks the contract.
    """
    try:
        found, header = request_format(content_type)
    except UnsupportedTypeError as exc:
        raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, str(exc)) from exc
    if body[:2] == MAGIC:
        body = _unpacked(contract, body)
    texts: list[list[str | None]] = [[] for _ in contract.texts]
    encode = _encoder(contract, texts, text=found.text)
    columns, most, rows = contract.columns, contract.max_payload_rows, 0
    waiting: list[list[float]] = []
    blocks: list[NDArray[np.float32]] = []
    try:
        for row in found.read(contract, body, contract.longest_row, header):
            rows += 1
            if rows > most:
                raise _too_large(f"a request must hold at most {most} rows, got {rows} or more")
            waiting.append(encode(columns, row))
            if len(waiting) == _BLOCK_ROWS:
                blocks.append(_block(contract, waiting, texts))
                waiting = []
    except ValueRefusedError as exc:
        raise _bad(f"row {rows}: {exc}") from exc
    except UnreadableBodyError as exc:
        raise _bad(str(exc)) from exc
    if not rows:
        raise _bad("the body must hold at least one row, got none")
    if waiting:
        blocks.append(_block(contract, waiting, texts))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


_Encode = Callable[[Sequence[FeatureColumn], Any], list[float]]


def _encoder(contract: Contract, texts: list[list[str | None]], *, text: bool) -> _Encode:
    """Give what encodes a row, and adds its texts to `texts`."""
    encode = _text_row if text else _json_row
    if not texts:
        return encode

    def encode_and_keep(columns: Sequence[FeatureColumn], row: Any) -> list[float]:
        encoded = encode(columns, row)
        for (place, column), cells in zip(contract.texts.items(), texts, strict=True):
            cells.append(row.get(column.name) if isinstance(row, dict) else row[place])
        return encoded

    return encode_and_keep


def _block(contract: Contract, rows: list[list[float]], texts: list[list[str | None]]) -> NDArray[np.float32]:
    """Make the model's input of encoded rows; the texts are taken out of `texts`."""
    encoded = np.array(rows, dtype=np.float32)
    if not texts:
        return encoded
    counts = [column.counts(cells) for column, cells in zip(contract.texts.values(), texts, strict=True)]
    for cells in texts:
        cells.clear()
    return np.concatenate([encoded, *counts], axis=1)


def _unpacked(contract: Contract, body: Body) -> bytes:
    try:
        return unpacked(body, contract.max_payload_bytes)
    except UnpackedTooLargeError as exc:
        raise _too_large(str(exc)) from exc
    except DamagedGzipError as exc:
        raise _bad(f"the body begins as gzip does, and must be whole: {exc}") from exc


def _text_row(columns: Sequence[FeatureColumn], row: Any) -> list[float]:
    if len(row) == len(columns) and isinstance(row, list):
        return [column.encode_text(cell) for column, cell in zip(columns, row, strict=True)]
    if isinstance(row, dict):
        _check_names(columns, row)
        return [column.encode_text(row.get(column.name, "")) for column in columns]
    raise _wrong_length(columns, row)


def _json_row(columns: Sequence[FeatureColumn], row: Any) -> list[float]:
    if isinstance(row, dict):
        _check_names(columns, row)
        return [column.encode_json(row.get(column.name)) for column in columns]
    if not isinstance(row, list):
        raise ValueRefusedError(f"it must be an object or a list, got {json_quoted(row)}")
    if len(row) != len(columns):
        raise _wrong_length(columns, row)
    return [column.encode_json(value) for column, value in zip(columns, row, strict=True)]


def _check_names(columns: Sequence[FeatureColumn], row: Mapping[str, Any]) -> None:
    if unknown := row.keys() - {column.name for column in columns}:
        raise ValueRefusedError(_unknown(min(unknown), columns))
    if not row:
        raise ValueRefusedError("it must have a value for at least one column, got none")
    if absent := [column.name for column in columns if column.name not in row and not column.missing]:
        raise ValueRefusedError(f"column {absent[0]} is absent")


def _wrong_length(columns: Sequence[FeatureColumn], row: Sequence[Any]) -> ValueRefusedError:
    return ValueRefusedError(f"it must have {len(columns)} columns, got {len(row)}")


def _unknown(name: str, columns: Sequence[FeatureColumn]) -> str:
    near = near_match(name, [column.name for column in columns])
    return f"column {quoted(name)} is none of the model's" + (f"; it has {near}" if near else "")


def _too_large(reason: str) -> HttpError:
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)


def _bad(reason: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, reason)
