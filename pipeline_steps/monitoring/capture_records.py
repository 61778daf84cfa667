"""What SageMaker's data capture recorded: requests with their answers, of one period."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline_steps.monitoring.capture_format import NO_RECORD, capture_files, json_lines, read_side
from pipeline_steps.server.payload import CSV, media_type

_PACKAGE = "model_package="


@dataclass(frozen=True)
class Record:
    """One request; `identifier` is the caller's own where it gave one, `truth` what a merge with outcomes added."""

    body: bytes
    content_type: str
    scores: tuple[float, ...]
    identifier: str
    model_package: str
    at: datetime
    truth: Mapping[str, Any] | None


@dataclass(frozen=True)
class Captured:
    """Records, oldest file first; `unreadable` lines were none, or had no scores."""

    records: tuple[Record, ...]
    unreadable: int


def read_captured(folder: Path, *, start: datetime | None, end: datetime | None) -> Captured:
    """Read the capture files below `folder`; SageMaker may have laid down more than the period."""
    records: list[Record] = []
    unreadable = 0
    for line in (line for path in capture_files(folder) for line in json_lines(path.read_bytes())):
        try:
            record = _record(json.loads(line))
        except NO_RECORD:
            unreadable += 1
        else:
            if (start is None or record.at >= start) and (end is None or record.at < end):
                records.append(record)
    return Captured(tuple(records), unreadable)


def _record(document: dict[str, Any]) -> Record:
    asked, got = (read_side(document["captureData"][name]) for name in ("endpointInput", "endpointOutput"))
    about = document["eventMetadata"]
    packages = [text for text in about.get("customAttributes") or () if text.startswith(_PACKAGE)]
    return Record(
        body=asked[0],
        content_type=asked[1],
        scores=_scores(*got),
        identifier=_identifier(about.get("inferenceId") or about["eventId"]),
        model_package=packages[0].removeprefix(_PACKAGE) if packages else "",
        at=_time(about["inferenceTime"]),
        truth=document.get("groundTruthData"),
    )


def _scores(body: bytes, content_type: str) -> tuple[float, ...]:
    if media_type(content_type) == CSV:
        return tuple(float(line) for line in body.decode().split())
    return tuple(float(entry["score"]) for entry in json.loads(body)["predictions"])


def _identifier(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError(f"an id must be text, got {given}")
    return given


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"a time must have a zone, got {text}")
    return at
