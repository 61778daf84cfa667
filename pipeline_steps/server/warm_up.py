"""Requests before the first user's: a model is healthy when it has handled them, and fast from then on."""

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import cycle, islice

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.errors import StepError
from pipeline_steps.features.columns import FeatureColumn, NumberColumn
from pipeline_steps.problems.problem import Responder
from pipeline_steps.server.body_budget import BodyBudget
from pipeline_steps.server.messages import Handler, HttpRequest, response_bytes
from pipeline_steps.server.predictions import read_predictions
from pipeline_steps.server.request_formats import CSV, JSON
from pipeline_steps.server.request_parser import RequestParser
from pipeline_steps.tables.cells import number_text, quoted

_BATCHES = (1,) * 20 + (2, 8, 64, 512)
_UNSEEN = "a category that training has not seen"

Value = float | str | None


def warm_up(handler: Handler, contract: Contract, baseline: Baseline | None) -> int:
    """Send rows from the middle and the edges of the training data through the whole path of a request.

    Returns:
        How many requests were sent.

    Raises:
        StepError: a response had no score for each row.
    """
    rows = representative_rows(contract, baseline)
    sent = 0
    for size in _BATCHES:
        if size <= contract.max_payload_rows:
            batch = list(islice(cycle(rows), size))
            for content_type, body in ((CSV, csv_body(batch)), (JSON, _json(contract, batch))):
                for accept in (CSV, JSON):
                    _send(handler, contract.responder, body, content_type=content_type, accept=accept, size=size)
                    sent += 1
    return sent


def representative_rows(contract: Contract, baseline: Baseline | None) -> list[list[Value]]:
    """Make rows that between them hold every kind of value a column allows: edges, middle, categories, missing."""
    known = {bins.name: bins.edges.tolist() for bins in baseline.columns} if baseline else {}
    values = [list(_values(column, known.get(column.name, []))) for column in contract.columns]
    return [[each[row % len(each)] for each in values] for row in range(max(map(len, values)))]


def _values(column: FeatureColumn, edges: Sequence[float]) -> Iterator[Value]:
    if isinstance(column, NumberColumn):
        middle = column.min / 2 + column.max / 2
        yield from map(column.example, (middle, column.min, column.max, *filter(math.isfinite, edges)))
    else:
        yield from column.categories
        if column.accepts_unknown or not column.categories:
            yield _UNSEEN
    if column.missing:
        yield None


def csv_body(rows: Sequence[Sequence[Value]]) -> bytes:
    """Write rows as a request of CSV."""
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(  # a category with a comma or a line break is one cell
        [number_text(value) if isinstance(value, float) else value for value in row] for row in rows
    )
    return text.getvalue().encode()


def _json(contract: Contract, rows: Sequence[Sequence[Value]]) -> bytes:
    names = [column.name for column in contract.columns]
    return json.dumps({"instances": [dict(zip(names, row, strict=True)) for row in rows]}).encode()


def _send(handler: Handler, responder: Responder, body: bytes, *, content_type: str, accept: str, size: int) -> None:
    head = f"POST /invocations HTTP/1.1\r\nContent-Type: {content_type}\r\nAccept: {accept}\r\n"
    reader = RequestParser(lambda: None, BodyBudget())
    (request,) = reader.read(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    response = handler(request) if isinstance(request, HttpRequest) else request
    response_bytes(response, keep_alive=True)
    if response.status != HTTPStatus.OK:
        text = quoted(response.body.decode("utf-8", "replace").strip())
        raise _failure(f"got {response.status} {text}", content_type, size)
    if (scores := len(read_predictions(responder, response.body, response.content_type))) != size:
        raise _failure(f"got {scores} scores", content_type, size)


def _failure(found: str, content_type: str, size: int) -> StepError:
    return StepError(f"the model must score its own kind of rows before it is served: {size} as {content_type} {found}")
