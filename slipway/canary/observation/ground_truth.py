"""Outcome files: what came of requests, as lines of JSON.

Where one label is positive, a ground truth is worth 1 a row with it. Without one, as for several classes or a number,
no label has a value of its own: then only lines that give a value count, and ground truths are for the monitoring job.

`pipeline_steps/monitoring/ground_truth.py` reads the same files by the same rule; a contract test holds them together.
"""

import base64
import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

_BYTE_ORDER_MARK = "\ufeff"
_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*")


@dataclass
class Outcomes:
    """Outcomes by inference id, one a row of the request; lines that are none are counted, and lose no other.

    A request's first outcome counts: evidence cannot be taken back.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    malformed: int = 0

    def add(self, text: str, positive_label: str | None) -> None:
        """Take the lines of one file: `{"inference_id", "value"}`, or SageMaker's ground truth records."""
        for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n"):
            if not line.strip():
                continue
            try:
                identifier, values = _outcome(json.loads(line), positive_label)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                self.malformed += 1
            else:
                if values is not None:
                    self.values.setdefault(identifier, values)


def _outcome(document: Mapping[str, Any], positive_label: str | None) -> tuple[str, list[float] | None]:
    """Inference id and values: a number, or what the labels of a ground truth are worth; None where that is unknown."""
    if "groundTruthData" in document:
        about = document["eventMetadata"]
        values = _labels(document["groundTruthData"], positive_label)
        return _identifier(about.get("inferenceId") or about["eventId"]), values
    value = _number(document["value"])
    if not isfinite(value):
        raise ValueError(f"a value must be finite, got {value}")
    return _identifier(document["inference_id"]), [value]


def _labels(truth: Mapping[str, Any], positive_label: str | None) -> list[float] | None:
    """Read a ground truth's labels, a row each: the positive one is worth 1 and others 0.

    Where labels are no numbers, 1 is the positive one too, as in a model's own predictions.
    """
    data = truth["data"]
    if positive_label is None:
        if isinstance(data, bool):
            raise TypeError(f"a label must be text or a number, got {data}")
        _texts(truth)
        return None
    positive = _category(positive_label.strip())
    if isinstance(data, bool):
        if positive.casefold() not in {"true", "false"}:
            raise TypeError(f"a label must be {positive_label} or another text, got {data}")
        return [float(str(data).casefold() == positive.casefold())]
    also = set() if positive.removeprefix("-").isdecimal() else {"1"}
    return [float(label in {positive, *also}) for label in _texts(truth)]


def _texts(truth: Mapping[str, Any]) -> list[str]:
    labels = [_category(label) for label in _rows(truth["data"], base64_encoded=truth.get("encoding") == "BASE64")]
    if not labels:
        raise ValueError("a ground truth must have a row")
    return labels


def _rows(data: object, *, base64_encoded: bool) -> list[str]:
    if not isinstance(data, str):
        _number(data)
        return [str(data)]
    text = base64.b64decode(data, validate=True).decode() if base64_encoded else data
    try:
        rows = [",".join(cells).strip() for cells in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as exc:
        raise ValueError(f"a ground truth must be CSV: {exc}") from exc
    return [row for row in rows if row]


def _category(text: str) -> str:
    """A whole number is the same label as 1 and as 1.0, as it is in the table."""
    if whole := _WHOLE.fullmatch(text):
        text = whole[1]
    return "0" if text == "-0" else text


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"it must be a number, got {value}")
    return float(value)


def _identifier(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"an id must be text, got {value}")
    return value
