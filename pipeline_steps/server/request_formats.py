"""The types of body that a request may have, and what reads the rows of each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import CategoryColumn
from pipeline_steps.rounding import counted
from pipeline_steps.server.bodies import Body, UnreadableBodyError
from pipeline_steps.server.csv_bodies import csv_records
from pipeline_steps.server.json_bodies import json_instances
from pipeline_steps.server.json_lines import json_line_rows
from pipeline_steps.server.npy import npy_rows
from pipeline_steps.server.parquet_requests import parquet_rows
from pipeline_steps.tables.cells import quoted

CSV, JSON, JSON_LINES, NPY = "text/csv", "application/json", "application/jsonlines", "application/x-npy"
PARQUET_TYPES = ("application/x-parquet", "application/vnd.apache.parquet")
_CHARSETS = ("utf-8", "us-ascii")
_HEADERS = ("", "present", "absent")


@dataclass(frozen=True)
class RequestFormat:
    """Gives the rows of a body, by name or in the contract's order; their cells are texts or values of JSON.

    Attributes:
        name: its media type.
        read: takes the contract, the body, the most characters of a row, and whether there is a header, as CSV's
            parameter says it.
        text: whether cells are texts, as those of a table in CSV.
    """

    name: str
    read: Callable[[Contract, Body, int, str], Iterator[Any]]
    text: bool = False


class UnsupportedTypeError(ValueError):
    """A content type that no format has."""


def _read_csv(contract: Contract, body: Body, longest: int, header: str) -> Iterator[Any]:
    rows = csv_records(body, longest)
    first = next(rows, None)
    if first is None:
        return rows
    if header == "present" or (not header and _is_header(contract, first)):
        return _named(first, rows)
    return chain((first,), rows)


def _named(header: Sequence[str], rows: Iterator[Sequence[str]]) -> Iterator[dict[str, str]]:
    if len(set(header)) < len(header):
        twice = next(name for name in header if header.count(name) > 1)
        raise UnreadableBodyError(f"the header must name each column once, got {quoted(twice)} twice")
    for number, cells in enumerate(rows, 1):
        if len(cells) != len(header):
            raise UnreadableBodyError(
                f"row {number} must have {counted(len(header), 'cell')} as its header, got {len(cells)}"
            )
        yield dict(zip(header, cells, strict=True))


def _is_header(contract: Contract, cells: Sequence[str]) -> bool:
    """Whether most cells are names of columns, and not all are categories of the model."""
    named = contract.names_column
    if not cells or not (named(cells[0]) or named(cells[-1])) or 2 * sum(map(named, cells)) <= len(cells):
        return False
    pairs = zip(contract.columns, cells, strict=False)
    known = sum(isinstance(column, CategoryColumn) and cell in column.codes for column, cell in pairs)
    return known < len(cells)


_LINES = RequestFormat(JSON_LINES, lambda _, body, longest, __: json_line_rows(body, longest))
_PARQUET = RequestFormat(PARQUET_TYPES[0], lambda *request: parquet_rows(*request[:3]), text=True)
FORMATS: Mapping[str, RequestFormat] = {
    JSON: RequestFormat(JSON, lambda _, body, longest, __: json_instances(body, longest)),
    CSV: RequestFormat(CSV, _read_csv, text=True),
    JSON_LINES: _LINES,
    "application/x-ndjson": _LINES,
    **dict.fromkeys(PARQUET_TYPES, _PARQUET),
    NPY: RequestFormat(NPY, lambda _, body, __, ___: npy_rows(body)),
}


@lru_cache(maxsize=64)
def request_format(content_type: str) -> tuple[RequestFormat, str]:
    """Give the format of a content type, and what its parameter `header` says.

    Raises:
        UnsupportedTypeError: there is none, or its parameters ask for what is not taken.
    """
    found, header = FORMATS.get(media_type(content_type)), ""
    if found is None:
        raise _unsupported(f"content type must be {', '.join(FORMATS)}", content_type)
    for parameter in content_type.split(";")[1:]:
        name, _, text = (part.strip().strip('"') for part in parameter.lower().partition("="))
        if name == "charset" and text not in _CHARSETS:
            raise _unsupported(f"charset must be {' or '.join(_CHARSETS)}", content_type)
        if name == "header" and found.name == CSV:
            header = text
    if header not in _HEADERS:
        raise _unsupported("header must be present or absent", content_type)
    return found, header


def media_type(content_type: str) -> str:
    """The type alone, without parameters and in lower case, as types are compared."""
    return content_type.partition(";")[0].strip().lower()


def _unsupported(rule: str, content_type: str) -> UnsupportedTypeError:
    return UnsupportedTypeError(f"{rule}, got {quoted(content_type)}")
