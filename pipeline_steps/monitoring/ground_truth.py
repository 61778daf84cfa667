"""Outcome files: what came of requests, as lines of JSON.

`blueprint/judging/ground_truth.py` reads the same files by the same rule; a contract test holds them together.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

_BYTE_ORDER_MARK = "\ufeff"


@dataclass
class Outcomes:
    """Outcomes by inference id, one a row of the request; lines that are none are counted, and lose no other.

    A request's first outcome counts, by the files' names: the judge of a rollout cannot take a bet back.
    """

    values: dict[str, list[float]] = field(default_factory=dict)
    malformed: int = 0

    def add(self, text: str, positive_label: str) -> None:
        """Take the lines of one file: `{"inference_id", "value"}`, or SageMaker's ground truth records."""
        for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n"):
            if not line.strip():
                continue
            try:
                identifier, values = _outcome(json.loads(line), positive_label)
            except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
                self.malformed += 1
            else:
                self.values.setdefault(identifier, values)


def read_outcomes(folder: Path, positive_label: str) -> Outcomes:
    """Read the outcome files below `folder`."""
    found = Outcomes()
    for path in sorted(folder.rglob("*.jsonl")):
        found.add(path.read_text(encoding="utf-8", errors="replace"), positive_label)
    return found


def _outcome(document: Mapping[str, Any], positive_label: str) -> tuple[str, list[float]]:
    """Inference id and values; a ground truth tells labels, of which the positive one is worth 1 and others 0."""
    if "groundTruthData" in document:
        about = document["eventMetadata"]
        rows = [line.strip() for line in _data(document["groundTruthData"]).splitlines() if line.strip()]
        if not rows:
            raise ValueError("a ground truth must have a row")
        values = [float(row == positive_label or row in {"1", "1.0"}) for row in rows]
        return _identifier(about.get("inferenceId") or about["eventId"]), values
    value = _number(document["value"])
    if not isfinite(value):
        raise ValueError(f"a value must be finite, got {value}")
    return _identifier(document["inference_id"]), [value]


def _data(truth: Mapping[str, Any]) -> str:
    data = truth["data"]
    if not isinstance(data, str):
        _number(data)
        return str(data)
    return base64.b64decode(data, validate=True).decode() if truth.get("encoding") == "BASE64" else data


def _number(told: object) -> float:
    if isinstance(told, bool) or not isinstance(told, int | float):
        raise TypeError(f"it must be a number, got {told}")
    return float(told)


def _identifier(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError(f"an id must be text, got {told}")
    return told
