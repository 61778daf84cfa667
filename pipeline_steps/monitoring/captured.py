"""What SageMaker's data capture recorded: requests with their answers, of one period."""

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline_steps.server.payload import CSV, JSON

_TYPES = {"CSV": CSV, "JSON": JSON}
_PACKAGE = "model_package="


@dataclass(frozen=True)
class Record:
    """One request; `identifier` is the caller's own where it gave one, `label` what a merge with outcomes added."""

    body: bytes
    content_type: str
    scores: tuple[float, ...]
    identifier: str
    model_package: str
    label: str | None


@dataclass(frozen=True)
class Captured:
    """Records, oldest file first; `unreadable` lines were none, or had no scores."""

    records: tuple[Record, ...]
    unreadable: int


def read_captured(folder: Path, *, start: datetime | None, end: datetime | None) -> Captured:
    """Read the capture files below `folder`; SageMaker may have laid down more than the period."""
    records: list[Record] = []
    unreadable = 0
    for line in _lines(folder):
        try:
            document = json.loads(line)
            when = datetime.fromisoformat(document["eventMetadata"]["inferenceTime"])
            if (start is None or when >= start) and (end is None or when < end):
                records.append(_record(document))
        except (ValueError, KeyError, TypeError, AttributeError):
            unreadable += 1
    return Captured(tuple(records), unreadable)


def _lines(folder: Path) -> Iterator[bytes]:
    # …/<endpoint>/<variant>/yyyy/mm/dd/hh/<file>: however deep, the last five parts are in the order of time
    for path in sorted(folder.rglob("*.jsonl"), key=lambda path: path.relative_to(folder).parts[-5:]):
        yield from filter(None, path.read_bytes().splitlines())


def _record(document: dict[str, Any]) -> Record:
    asked, got = (document["captureData"][name] for name in ("endpointInput", "endpointOutput"))
    about, truth = document["eventMetadata"], document.get("groundTruthData")
    packages = [text for text in about.get("customAttributes") or () if text.startswith(_PACKAGE)]
    return Record(
        body=_content(asked),
        content_type=asked.get("observedContentType") or _TYPES[asked["encoding"]],
        scores=_scores(_content(got).decode(), got.get("observedContentType") or _TYPES[got["encoding"]]),
        identifier=about.get("inferenceId") or about["eventId"],
        model_package=packages[0].removeprefix(_PACKAGE) if packages else "",
        label=str(truth["data"]) if truth else None,
    )


def _content(entry: dict[str, Any]) -> bytes:
    data: str = entry["data"]
    # what no capture header of the endpoint config names, SageMaker writes in base64
    return base64.b64decode(data, validate=True) if entry.get("encoding") == "BASE64" else data.encode()


def _scores(text: str, content_type: str) -> tuple[float, ...]:
    if content_type.startswith(CSV):
        return tuple(float(line) for line in text.split())
    return tuple(float(entry["score"]) for entry in json.loads(text)["predictions"])
