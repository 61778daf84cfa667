"""Captured requests and the outcomes that arrive later, joined by inference id.

Outcomes take time, and a buyer's may take more of it than others'. So each request is counted once, at one age, the
horizon: what has arrived by then counts, and what comes later does not, whichever model gave the response.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf
from statistics import fmean
from typing import Any, Generic, Self, TypeVar

from slipway.canary.observation.ground_truth import Outcomes

LATE_SECONDS = 300.0
"""A request may be captured so much later than others of its time: each server writes at times of its own."""
_MAX_READ = 20_000
"""Objects: those beyond would be read twice."""
_NEVER = (0.0, inf)

Model = TypeVar("Model")
"""What distinguishes the models whose responses are compared: a fleet's name, an arm's number."""


@dataclass
class WaitingRequests(Generic[Model]):
    """Requests that are younger than the horizon, and outcomes without their requests; times are epoch seconds.

    Attributes:
        since: a request answered before counts nowhere.
        answered: by which model and when, by inference id; an id that was answered twice goes by the later record.
        outcomes: value and arrival by inference id; their requests may be captured later or not at all.
        halved: how often every second inference id, of whichever model, was left out because too much waited.
        read: keys of the objects that have been read.
        malformed: lines of outcome files that were none.
    """

    since: float
    answered: dict[str, tuple[Model, float]] = field(default_factory=dict)
    outcomes: dict[str, tuple[float, float]] = field(default_factory=dict)
    halved: int = 0
    read: list[str] = field(default_factory=list)
    malformed: int = 0

    def add_outcomes(self, text: str, *, arrived: float, positive_label: str | None = "1") -> int:
        """Take the outcomes of one object, of several rows their mean; returns how many of its lines were none."""
        found = Outcomes()
        found.add(text, positive_label)
        self.malformed += found.malformed
        for inference_id, values in found.values.items():
            if self.may_count(inference_id, arrived):
                self.outcomes.setdefault(inference_id, (fmean(values), arrived))
        return found.malformed

    def may_count(self, inference_id: str, at: float) -> bool:
        """Whether a request or an outcome of that time may; which ids were left out is chance, the same for both."""
        return at >= self.since and _is_left(inference_id, self.halved)

    def take_due(self, horizon: float, *, due: float) -> Iterator[tuple[Model, float, float]]:
        """Model, time and value of each request until `due` whose outcome came within the horizon, oldest first."""
        for inference_id, (model, at) in sorted(self.answered.items(), key=lambda item: (item[1][1], item[0])):
            if at > due:
                return
            del self.answered[inference_id]
            value, arrived = self.outcomes.pop(inference_id, _NEVER)
            if at >= self.since and arrived <= at + horizon:
                yield model, at, value

    def drop_expired(self, *, due: float, max_waiting: int) -> None:
        """Keep what may still count, and of too much every second id: an outcome from before is of no such request."""
        self.since = max(self.since, due - LATE_SECONDS)
        while True:
            self.answered = {name: of for name, of in self.answered.items() if self.may_count(name, of[1])}
            self.outcomes = {name: of for name, of in self.outcomes.items() if self.may_count(name, of[1])}
            if max(len(self.outcomes), len(self.answered)) <= max_waiting:
                return
            self.halved += 1

    def to_json(self) -> str:
        """What the next poll needs."""
        return json.dumps({**vars(self), "read": self.read[-_MAX_READ:]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        found: dict[str, Any] = json.loads(text)
        pairs = {name: {id_: tuple(of) for id_, of in found[name].items()} for name in ("answered", "outcomes")}
        return cls(**{**found, **pairs})


def _is_left(inference_id: str, halved: int) -> bool:
    """Whether an id is among those that remain when every second one has been left out `halved` times, by its hash."""
    if not halved:
        return True
    digest = blake2b(inference_id.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - halved) == 0
