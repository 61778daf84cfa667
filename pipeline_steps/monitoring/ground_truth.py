"""Outcome files: the outcomes of requests, as lines of JSON.

Where one label is positive, a line with a value and a ground truth with labels both report what came of a request.
Without one, as for several classes or a number, a ground truth has the true labels, which quality is measured by, and
a value is what the response was worth, which is for canary analysis alone.

`slipway/canary/observation/ground_truth.py` reads the same files by the same rule; a contract test compares them.
"""

import base64
import csv
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from pipeline_steps.tables.cells import category
from pipeline_steps.tables.csv_rows import rows_of_text

_BYTE_ORDER_MARK = "\ufeff"

ReadLabel = Callable[[str], float]


@dataclass(frozen=True)
class TruthReader:
    """Reads labels as numbers: by the positive one, or else one by one with `read`."""

    positive_label: str | None
    read: ReadLabel

    def labels(self, truth: Mapping[str, Any]) -> list[float]:
        """Read a ground truth's labels, a row each.

        Raises:
            ValueError, KeyError, TypeError: it is no ground truth.
        """
        if self.positive_label is not None:
            return labels_worth(truth, self.positive_label)
        if isinstance(truth["data"], bool):
            raise TypeError(f"a label must be text or a number, got {truth['data']}")
        return [self.read(label) for label in _labels(truth)]


@dataclass
class Outcomes:
    """Outcomes by inference id, one a row of the request; malformed lines are counted and skipped.

    A request's first outcome counts, by the files' names: canary analysis cannot undo a step of its test.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    malformed: int = 0

    def add(self, text: str, reader: TruthReader) -> None:
        """Add the lines of one file: `{"inference_id", "value"}`, or SageMaker's ground truth records."""
        for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n"):
            if not line.strip():
                continue
            try:
                identifier, values = _outcome(json.loads(line), reader)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                self.malformed += 1
            else:
                if values is not None:
                    self.values.setdefault(identifier, values)


def read_outcomes(folder: Path, reader: TruthReader) -> Outcomes:
    """Read the outcome files below `folder`."""
    found = Outcomes()
    for path in sorted(folder.rglob("*.jsonl")):
        found.add(path.read_bytes().decode(errors="replace"), reader)
    return found


def _outcome(document: Mapping[str, Any], reader: TruthReader) -> tuple[str, list[float] | None]:
    """Inference id and labels as numbers; None for a value that says nothing about the label."""
    if "groundTruthData" in document:
        about = document["eventMetadata"]
        values = reader.labels(document["groundTruthData"])
        return _identifier(about.get("inferenceId") or about["eventId"]), values
    value = _number(document["value"])
    if not isfinite(value):
        raise ValueError(f"a value must be finite, got {value}")
    return _identifier(document["inference_id"]), None if reader.positive_label is None else [value]


def labels_worth(truth: Mapping[str, Any], positive_label: str) -> list[float]:
    """Read a ground truth's labels, a row each: the positive one is worth 1 and others 0.

    Where labels are no numbers, 1 is the positive one too, as in a model's own predictions.
    """
    data = truth["data"]
    positive = category(positive_label.strip())
    if isinstance(data, bool):
        if positive.casefold() not in {"true", "false"}:
            raise TypeError(f"a label must be {positive_label} or another text, got {data}")
        return [float(str(data).casefold() == positive.casefold())]
    also = set() if positive.removeprefix("-").isdecimal() else {"1"}
    return [float(label in {positive, *also}) for label in _labels(truth)]


def _labels(truth: Mapping[str, Any]) -> list[str]:
    labels = [category(label) for label in _rows(truth["data"], base64_encoded=truth.get("encoding") == "BASE64")]
    if not labels:
        raise ValueError("a ground truth must have a row")
    return labels


def _rows(data: object, *, base64_encoded: bool) -> list[str]:
    if not isinstance(data, str):
        _number(data)
        return [str(data)]
    text = base64.b64decode(data, validate=True).decode() if base64_encoded else data
    try:
        rows = [",".join(cells).strip() for cells in rows_of_text(text)]
    except csv.Error as exc:
        raise ValueError(f"a ground truth must be CSV: {exc}") from exc
    return [row for row in rows if row]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"it must be a number, got {value}")
    return float(value)


def _identifier(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"an id must be text, got {value}")
    return value
