"""The records of SageMaker's data capture of one period: requests with their responses."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline_steps.monitoring.capture_format import NO_RECORD, capture_files, json_lines, read_side
from pipeline_steps.problems.problem import Prediction, Responder
from pipeline_steps.server.predictions import read_predictions

_PACKAGE = "model_package="


@dataclass(frozen=True)
class CaptureRecord:
    """One request with its response; `identifier` is the caller's own where it gave one.

    `truth` is what a merge with outcomes added. `predictions` are empty until the response is read, which the model's
    contract says how to do.
    """

    body: bytes
    content_type: str
    response: tuple[bytes, str]
    identifier: str
    model_package: str
    at: datetime
    truth: Mapping[str, Any] | None
    predictions: tuple[Prediction, ...] = ()


@dataclass(frozen=True)
class CaptureRecords:
    """Records, oldest file first; `unreadable` lines were none, or had no predictions."""

    records: tuple[CaptureRecord, ...]
    unreadable: int


def read_capture_records(folder: Path, *, start: datetime | None, end: datetime | None) -> CaptureRecords:
    """Read the capture files below `folder`; SageMaker may provide more than the period."""
    records: list[CaptureRecord] = []
    unreadable = 0
    for line in (line for path in capture_files(folder) for line in json_lines(path.read_bytes())):
        try:
            record = _record(json.loads(line))
        except NO_RECORD:
            unreadable += 1
        else:
            if (start is None or record.at >= start) and (end is None or record.at < end):
                records.append(record)
    return CaptureRecords(tuple(records), unreadable)


def read_responses(records: Sequence[CaptureRecord], responder: Responder) -> CaptureRecords:
    """Read the predictions of one model's records."""
    read: list[CaptureRecord] = []
    for record in records:
        try:
            read.append(replace(record, predictions=tuple(read_predictions(responder, *record.response))))
        except (*NO_RECORD, IndexError):
            continue
    return CaptureRecords(tuple(read), len(records) - len(read))


def _record(document: dict[str, Any]) -> CaptureRecord:
    request, response = (read_side(document["captureData"][name]) for name in ("endpointInput", "endpointOutput"))
    about = document["eventMetadata"]
    packages = [text for text in about.get("customAttributes") or () if text.startswith(_PACKAGE)]
    return CaptureRecord(
        body=request[0],
        content_type=request[1],
        response=response,
        identifier=_identifier(about.get("inferenceId") or about["eventId"]),
        model_package=packages[0].removeprefix(_PACKAGE) if packages else "",
        at=_time(about["inferenceTime"]),
        truth=document.get("groundTruthData"),
    )


def _identifier(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"an id must be text, got {given}")
    return given


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time must have a zone, got {text}")
    return at
