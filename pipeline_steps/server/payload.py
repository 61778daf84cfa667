"""Request bodies to the model's input, checked against the contract."""

from http import HTTPStatus
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import ValueRefusedError
from pipeline_steps.rounding import counted
from pipeline_steps.server.bodies import Body, UnreadableBodyError
from pipeline_steps.server.compression import MAGIC, DamagedGzipError, UnpackedTooLargeError, unpacked
from pipeline_steps.server.messages import HttpError
from pipeline_steps.server.request_formats import UnsupportedTypeError, request_format
from pipeline_steps.server.row_encoding import encode_rows

_BLOCK_ROWS = 1024
"""So many rows are kept as Python's objects, which take many times the memory of the model's numbers."""


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
    most, rows = contract.max_payload_rows, 0
    waiting: list[Any] = []
    blocks: list[NDArray[np.float32]] = []
    refused: HttpError | None = None  # reported only if the rows before it are right
    try:
        for row in found.read(contract, body, contract.longest_row, header):
            rows += 1
            if rows > most:
                refused = _too_large(f"a request must hold at most {counted(most, 'row')}, got {rows} or more")
                break
            waiting.append(row)
            if len(waiting) == _BLOCK_ROWS:
                blocks.append(_block(contract, waiting, rows, text=found.text))
                waiting = []
    except UnreadableBodyError as exc:
        refused = _bad(str(exc))
    if waiting:
        blocks.append(_block(contract, waiting, min(rows, most), text=found.text))
    if refused:
        raise refused
    if not rows:
        raise _bad("the body must hold at least one row, got none")
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _block(contract: Contract, rows: list[Any], last: int, *, text: bool) -> NDArray[np.float32]:
    try:
        return encode_rows(contract, rows, first=last - len(rows) + 1, text=text)
    except ValueRefusedError as exc:
        raise _bad(str(exc)) from exc


def _unpacked(contract: Contract, body: Body) -> bytes:
    try:
        return unpacked(body, contract.max_payload_bytes)
    except UnpackedTooLargeError as exc:
        raise _too_large(str(exc)) from exc
    except DamagedGzipError as exc:
        raise _bad(f"the body begins as gzip does, and must be whole: {exc}") from exc


def _too_large(reason: str) -> HttpError:
    return HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, reason)


def _bad(reason: str) -> HttpError:
    return HttpError(HTTPStatus.BAD_REQUEST, reason)
