"""Predictions as response bodies, in the type that the caller accepts, and read back from them."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import lru_cache
from http import HTTPStatus

from pipeline_steps.problems.problem import Outputs, Prediction, Responder
from pipeline_steps.server.messages import HttpError, Response
from pipeline_steps.server.npy import read_npy, write_npy
from pipeline_steps.server.reasons import Reason
from pipeline_steps.server.request_formats import CSV, JSON, JSON_LINES, NPY, media_type
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.csv_rows import rows_of_text

OFFERED = (JSON, CSV, JSON_LINES, NPY)
"""The types that a response may have."""
_WEIGHT = re.compile(r"0?\.\d{1,3}|0\.?|1(\.0{0,3})?", re.ASCII)
"""Also as Java's own client has it, `q=.2`."""


@lru_cache(maxsize=64)
def accepted_type(accept: str) -> str:
    """Choose the type that the Accept header wants most; of two alike the first named. JSON when it is empty.

    Raises:
        HttpError: 406, none of the types is accepted.
    """
    if not accept.strip():
        return JSON
    weights = dict(_weights(accept))
    places = {name: place for place, name in enumerate(weights)}

    def wanted(media_type: str) -> tuple[float, int]:
        """Its weight by the range that names it most closely, and the place of that range, the first one highest."""
        for name in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
            if name in weights:
                return weights[name], -places[name]
        return 0.0, 0

    chosen = max(OFFERED, key=wanted)
    if wanted(chosen)[0] > 0:
        return chosen
    raise HttpError(HTTPStatus.NOT_ACCEPTABLE, f"accept must allow one of {', '.join(OFFERED)}, got {quoted(accept)}")


def _weights(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.split(","):
        name, *parameters = (text.strip().lower() for text in part.split(";"))
        given = [text.partition("=")[2].strip() for text in parameters if text.partition("=")[0].strip() == "q"]
        if not given:
            yield name, 1.0
        elif _WEIGHT.fullmatch(given[0]):
            yield name, float(given[0])
        else:
            yield name, 0.0  # a weight that is none counts as 0


def write_predictions(responder: Responder, outputs: Outputs, media_type: str, header: str = "") -> Response:
    """Write one prediction a row. `header` is one more header line with its line break."""
    if media_type == JSON:
        entries = ",".join(responder.json_entries(outputs))
        return Response(HTTPStatus.OK, f'{{"predictions":[{entries}]}}\n'.encode(), JSON, header)
    if media_type == NPY:
        return Response(HTTPStatus.OK, write_npy(outputs), NPY, header)
    lines = responder.csv_lines(outputs) if media_type == CSV else responder.json_entries(outputs)
    return Response(HTTPStatus.OK, "".join([f"{line}\n" for line in lines]).encode(), media_type, header)


def write_explained_predictions(
    responder: Responder, outputs: Outputs, reasons: Sequence[Sequence[Reason]], header: str = ""
) -> Response:
    """Write JSON with the reasons of each prediction beside it."""
    entries = [
        f'{entry[:-1]},"reasons":{json.dumps([asdict(reason) for reason in each], separators=(",", ":"))}}}'
        for entry, each in zip(responder.json_entries(outputs), reasons, strict=True)
    ]
    return Response(HTTPStatus.OK, f'{{"predictions":[{",".join(entries)}]}}\n'.encode(), JSON, header)


def read_predictions(responder: Responder, body: bytes, content_type: str) -> list[Prediction]:
    """Read a response body of this server, or of one that keeps its format.

    Raises:
        ValueError, TypeError, KeyError, IndexError: it is something else.
    """
    given = media_type(content_type)
    if given == CSV:
        return [responder.read_line(cells) for cells in rows_of_text(body.decode())]
    if given == JSON_LINES:
        return [responder.read_entry(json.loads(line)) for line in body.decode().split("\n") if line]
    if given == NPY:  # the decision is made of the outputs again
        return [responder.read_entry(json.loads(entry)) for entry in responder.json_entries(read_npy(body))]
    return [responder.read_entry(entry) for entry in json.loads(body)["predictions"]]
