"""Captured requests, as lines of JSON in SageMaker's format: which fleet answered them, and when."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from blueprint.judging.counting import Fleets

GREEN, BLUE = "green", "blue"
_PACKAGE = "model_package="


def captured(text: str, fleets: Fleets) -> Iterator[tuple[str, str, float]]:
    """Inference id, or else event id, fleet and epoch seconds of each record that tells all three."""
    known = {fleets.package: GREEN, fleets.previous_package: BLUE}
    for line in _lines(text):
        about = line.get("eventMetadata") or {}
        attributes = about.get("customAttributes") or ()
        packages = [text.removeprefix(_PACKAGE) for text in attributes if str(text).startswith(_PACKAGE)]
        fleet = known.get(packages[0]) if packages else None
        inference_id, at = about.get("inferenceId") or about.get("eventId"), _seconds(about.get("inferenceTime"))
        if fleet and inference_id and at is not None:
            yield inference_id, fleet, at


def _lines(text: str) -> Iterator[Mapping[str, Any]]:
    """Each line that is an object; a half-written or foreign line is no reason to stop."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _seconds(text: object) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None
