"""Captured requests, as lines of JSON in SageMaker's format: which fleet answered them, and when.

`pipeline_steps/monitoring/capture_format.py` and `capture_records.py` read the same lines by the same rules; a contract
test holds them together.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from slipway.canary.observation.counting import Fleets

GREEN, BLUE = "green", "blue"
_PACKAGE = "model_package="
_BYTE_ORDER_MARK = "\ufeff"
_NO_RECORD = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)


def captured(text: str, fleets: Fleets) -> Iterator[tuple[str, str, float]]:
    """Inference id, or else event id, fleet and epoch seconds of each record of either fleet."""
    known = {fleets.package: GREEN, fleets.previous_package: BLUE}
    for identifier, package, at in records(text):
        if fleet := known.get(package):
            yield identifier, fleet, at


def records(text: str) -> Iterator[tuple[str, str, float]]:
    """Inference id, or else event id, model package ("" where the server names none) and epoch seconds of each.

    Lines end at line feeds alone. A half-written or foreign line is no reason to stop.
    """
    for document in _documents(text):
        try:
            yield _record(document)
        except _NO_RECORD:
            continue


def captured_responses(text: str) -> Iterator[tuple[str, float, bytes]]:
    """Inference id, or else event id, epoch seconds and body of each captured response, whichever model gave it."""
    for document in _documents(text):
        try:
            identifier, _, at = _record(document)
            entry = document["captureData"]["endpointOutput"]
            data = entry["data"]
            body = base64.b64decode(data, validate=True) if entry.get("encoding") == "BASE64" else data.encode()
        except _NO_RECORD:
            continue
        yield identifier, at, body


def _documents(text: str) -> Iterator[Any]:
    for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n"):
        try:
            yield json.loads(line)
        except _NO_RECORD:
            continue


def _record(document: Mapping[str, Any]) -> tuple[str, str, float]:
    about = document["eventMetadata"]
    packages = [text for text in about.get("customAttributes") or () if text.startswith(_PACKAGE)]
    identifier = about.get("inferenceId") or about["eventId"]
    if not isinstance(identifier, str):
        raise TypeError(f"an id must be text, got {identifier}")
    at = datetime.fromisoformat(about["inferenceTime"])
    if at.tzinfo is None:
        raise ValueError(f"a time must have a zone, got {at}")
    return identifier, packages[0].removeprefix(_PACKAGE) if packages else "", at.timestamp()
