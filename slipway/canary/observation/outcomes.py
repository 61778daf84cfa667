"""What responses were worth: captured requests, and the outcomes that arrive later, joined by inference id.

Outcomes take time, and a buyer's may take more of it than others'. So each request is counted once, at one age, the
horizon: what has arrived by then counts, and what comes later does not, in both fleets alike. Younger requests are kept
from poll to poll, within bounds.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from math import inf
from statistics import fmean
from typing import Self

from slipway.canary.observation.captures import BLUE, GREEN, captured
from slipway.canary.observation.counting import Fleets
from slipway.canary.observation.ground_truth import Outcomes

MAX_WAITING = 50_000
"""Requests of both fleets; and outcomes."""
MAX_READ = 20_000
"""Objects of one rollout: those beyond would be read twice."""
LATE_SECONDS = 300.0
"""A request may be captured so much later than others of its time: each server writes at times of its own."""
_NEVER = (0.0, inf)


@dataclass
class JoinedOutcomes:
    """Values by fleet in the order of the requests, and all that waits; times are epoch seconds.

    Attributes:
        since: a request answered before counts in neither fleet. Green's first captured response, and later ones.
        answered: when, by fleet and inference id: requests that are younger than the horizon.
        newest: the time of each fleet's last captured response.
        outcomes: value and arrival by inference id; their requests may be captured later or not at all.
        halved: how often every second inference id, of whichever fleet, was left out because too much waited.
        read: keys of the objects that have been read.
        malformed: lines of outcome files that were none.
    """

    since: float
    answered: dict[str, dict[str, float]] = field(default_factory=lambda: {GREEN: {}, BLUE: {}})
    newest: dict[str, float] = field(default_factory=dict)
    outcomes: dict[str, tuple[float, float]] = field(default_factory=dict)
    halved: int = 0
    read: list[str] = field(default_factory=list)
    malformed: int = 0
    green: list[float] = field(default_factory=list)
    blue: list[float] = field(default_factory=list)

    def add_captures(self, text: str, fleets: Fleets) -> None:
        """Take the captured requests of one object; an id that was answered twice goes by the later record."""
        found = [each for each in captured(text, fleets) if self._counts(each[0], each[2])]
        if GREEN not in self.newest:
            self.since = min((at for _, fleet, at in found if fleet == GREEN), default=self.since)
        for inference_id, fleet, at in found:
            self.answered[BLUE if fleet == GREEN else GREEN].pop(inference_id, None)
            self.answered[fleet][inference_id] = at
            self.newest[fleet] = max(at, self.newest.get(fleet, at))

    def add_outcomes(self, text: str, *, arrived: float, positive_label: str | None = "1") -> int:
        """Take the outcomes of one object, of several rows their mean; returns how many of its lines were none."""
        found = Outcomes()
        found.add(text, positive_label)
        self.malformed += found.malformed
        for inference_id, values in found.values.items():
            if self._counts(inference_id, arrived):
                self.outcomes.setdefault(inference_id, (fmean(values), arrived))
        return found.malformed

    def count_due(self, horizon: float, *, until: float, max_waiting: int = MAX_WAITING) -> None:
        """Count the requests that are `horizon` seconds old, up to the last time that both fleets have captures of.

        Args:
            horizon: the age, in seconds.
            until: everything that had arrived by then has been added.
            max_waiting: of requests, and of outcomes; of more, every second id is left out.
        """
        due = min([until - horizon, *self.newest.values()])
        if len(self.newest) == len(self.answered):
            self.green.extend(self._values_due(self.answered[GREEN], horizon, due))
            self.blue.extend(self._values_due(self.answered[BLUE], horizon, due))
        self.since = max(self.since, due - LATE_SECONDS)
        self._drop_expired(max_waiting)

    def _values_due(self, answered: dict[str, float], horizon: float, due: float) -> Iterator[float]:
        for at, inference_id in sorted((at, inference_id) for inference_id, at in answered.items() if at <= due):
            del answered[inference_id]
            value, arrived = self.outcomes.pop(inference_id, _NEVER)
            if at >= self.since and arrived <= at + horizon:
                yield value

    def _drop_expired(self, max_waiting: int) -> None:
        """An outcome from before `since` is of no request that counts."""
        while True:
            self.answered = {
                fleet: {name: at for name, at in answered.items() if self._counts(name, at)}
                for fleet, answered in self.answered.items()
            }
            self.outcomes = {name: outcome for name, outcome in self.outcomes.items() if self._counts(name, outcome[1])}
            if max(len(self.outcomes), sum(map(len, self.answered.values()))) <= max_waiting:
                return
            self.halved += 1

    def _counts(self, inference_id: str, at: float) -> bool:
        """Whether a request or an outcome of that time may; which ids were left out is chance, the same for both."""
        return at >= self.since and is_left(inference_id, self.halved)

    def to_json(self) -> str:
        """What the next poll needs."""
        names = ("since", "answered", "newest", "outcomes", "halved", "malformed")
        return json.dumps({**{name: getattr(self, name) for name in names}, "read": self.read[-MAX_READ:]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def is_left(inference_id: str, halved: int) -> bool:
    """Whether an id is among those that remain when every second one has been left out `halved` times, by its hash."""
    if not halved:
        return True
    digest = blake2b(inference_id.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - halved) == 0


def clipped(values: Iterable[float], low: float, high: float) -> list[float]:
    """Values beyond the bounds count as the bounds: the e-values are only valid within them."""
    return [min(max(value, low), high) for value in values]
