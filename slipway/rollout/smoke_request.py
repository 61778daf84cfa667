"""One plausible request to a model, and what is wrong with its response: by the model's contract or the data's profile.

It needs the standard library alone: the function that tests an endpoint ships it.
"""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from slipway.rollout.own_server import CSV, OwnServer

_FLAGS = ("true", "false")
_LABELLED = ("scores",)
"""The outputs whose line begins with a label."""

_RANGES = {"score": (0.0, 1.0), "scores": (0.0, 1.0), "distances": (0.0, math.inf)}
"""Least and greatest number of a response, by the name of the model's output; any finite number of others."""


@dataclass(frozen=True)
class SmokeRequest:
    """A request, and what is wrong with a response to it ("" for nothing)."""

    body: bytes
    content_type: str
    accept: str
    problem: Callable[[bytes], str]


def request_by_contract(contract: Mapping[str, Any]) -> SmokeRequest:
    """A row in the middle of the training data's values, for Slipway's own server."""
    return SmokeRequest(
        example_row(contract).encode(), CSV, CSV, lambda body: _problem(body.decode(errors="replace").strip(), contract)
    )


def request_to_own_server(own: OwnServer, columns: Sequence[Mapping[str, Any]], *, profiled: bool) -> SmokeRequest:
    """A typical row, in the form that the user's own server takes; `columns` are a profile's, or a contract's."""
    cells = [_typical(column) if profiled else _example(column) for column in columns]
    kinds = {column["name"]: column["kind"] for column in columns}

    def problem(body: bytes) -> str:
        try:
            own.numbers(body)
        except ValueError as exc:
            return str(exc)
        return ""

    return SmokeRequest(own.body(kinds, cells), own.content_type, own.response_type, problem)


def example_row(contract: Mapping[str, Any]) -> str:
    """One CSV row in the middle of the training data's values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_example(column) for column in contract["columns"]])
    return text.getvalue()


def _typical(column: Mapping[str, Any]) -> str:
    """The most frequent category, or the median as a cell of the column has it."""
    if column["kind"] == "category":
        return str(column["top"][0]["value"]) if column.get("top") else ""
    median = column.get("median")
    return _example({"kind": column["kind"], "min": median, "max": median})


def _example(column: Mapping[str, Any]) -> str:
    if column["kind"] == "category":
        return str(column["categories"][0]) if column["categories"] else ""
    if column["kind"] == "text":
        return "some words of a text"
    if column["kind"] == "boolean":
        return "false"
    low, high = column.get("min"), column.get("max")
    middle = 0.0 if low is None or high is None else (float(low) + float(high)) / 2
    if column["kind"] == "datetime":
        return (datetime(2000, 1, 1) + timedelta(days=middle)).isoformat()  # noqa: DTZ001 — days since then, in UTC
    return repr(middle) if middle else "0"


def _problem(text: str, contract: Mapping[str, Any]) -> str:
    """What is wrong with the response to one row; empty if it is a prediction of this contract."""
    output, classes = contract["output"]["name"], contract.get("classes") or ()
    lines = list(csv.reader(io.StringIO(text)))
    cells = lines[0] if len(lines) == 1 else []
    if output in _LABELLED and cells:
        if cells[0] not in classes:
            return f"the label must be one of the contract's {len(classes)}, got {cells[0][:80]!r}"
        cells = cells[1:]
    try:
        numbers = [float(cell) for cell in cells if cell not in _FLAGS]
    except ValueError:
        numbers = []
    if not numbers:
        return f"the endpoint must answer one line of numbers, got {text[:80]!r}"
    low, high = _RANGES.get(output, (-math.inf, math.inf))
    if not all(low <= number <= high and math.isfinite(number) for number in numbers):
        return f"the {output} must be in {low:g}..{high:g}, got {text[:80]}"
    return ""
