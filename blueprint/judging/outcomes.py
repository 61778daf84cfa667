"""What answers were worth: captured requests, and the outcomes that arrive later, joined by inference id.

Both lie in S3 as lines of JSON. What waits for its other half is remembered between looks, within bounds.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean
from typing import Any, Self

from blueprint.judging.counting import Fleets
from blueprint.judging.ground_truth import Outcomes

GREEN, BLUE = "green", "blue"
MOST_WAITING = 50_000
MOST_READ = 20_000
"""Objects of one rollout: those beyond would be read twice."""
_PACKAGE = "model_package="


@dataclass
class Joined:
    """Values by fleet, in the order in which their halves met, and all that still waits.

    Attributes:
        fleets: the fleet that answered, by inference id, for requests without an outcome yet.
        values: outcomes without a captured request yet, which may be captured later or not at all.
        read: keys of the objects that have been read.
        malformed: lines of outcome files that were none.
    """

    fleets: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    malformed: int = 0
    green: list[float] = field(default_factory=list)
    blue: list[float] = field(default_factory=list)

    def add_captures(self, text: str, fleets: Fleets, *, since: float) -> None:
        """Take the captured requests of one object that were answered after `since` (epoch seconds)."""
        for inference_id, fleet in _captured(_lines(text), fleets, since):
            if inference_id in self.values:
                self._meet(fleet, self.values.pop(inference_id))
            else:
                self.fleets[inference_id] = fleet

    def add_outcomes(self, text: str, *, positive_label: str = "1") -> int:
        """Take the outcomes of one object, of several rows their mean; returns how many of its lines were none."""
        found = Outcomes()
        found.add(text, positive_label)
        self.malformed += found.malformed
        for inference_id, values in found.values.items():
            value = fmean(values)
            if inference_id in self.fleets:
                self._meet(self.fleets.pop(inference_id), value)
            else:
                self.values.setdefault(inference_id, value)
        return found.malformed

    def _meet(self, fleet: str, value: float) -> None:
        (self.green if fleet == GREEN else self.blue).append(value)

    def to_json(self) -> str:
        """What is to be remembered: the newest of what waits."""
        return json.dumps(
            {
                "fleets": dict(list(self.fleets.items())[-MOST_WAITING:]),
                "values": dict(list(self.values.items())[-MOST_WAITING:]),
                "read": self.read[-MOST_READ:],
                "malformed": self.malformed,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def clipped(values: Iterable[float], low: float, high: float) -> list[float]:
    """Values beyond the bounds count as the bounds: the bet is only fair within them."""
    return [min(max(value, low), high) for value in values]


def _captured(lines: Iterable[Mapping[str, Any]], fleets: Fleets, since: float) -> Iterator[tuple[str, str]]:
    """Inference id, or else event id, and fleet of each record that tells both."""
    known = {fleets.package: GREEN, fleets.previous_package: BLUE}
    for line in lines:
        about = line.get("eventMetadata") or {}
        attributes = about.get("customAttributes") or ()
        packages = [text.removeprefix(_PACKAGE) for text in attributes if str(text).startswith(_PACKAGE)]
        fleet = known.get(packages[0]) if packages else None
        inference_id = about.get("inferenceId") or about.get("eventId")
        if fleet and inference_id and _seconds(about.get("inferenceTime")) >= since:
            yield inference_id, fleet


def _lines(text: str) -> Iterator[Mapping[str, Any]]:
    """Each line that is an object; a half-written or foreign line is no reason to stop."""
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict):
            yield found


def _seconds(text: object) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
