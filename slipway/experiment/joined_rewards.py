"""Captured requests of each arm, and the outcomes that arrive later, joined by inference id.

A request counts once, at one age, the horizon, if its outcome has arrived by then; what comes later counts in no arm.
So an arm that has just begun, or has just got more requests, is compared by outcomes as complete as the others' are.
"""

import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import fmean
from typing import Self

from slipway.canary.observation.captures import records
from slipway.canary.observation.ground_truth import Outcomes
from slipway.canary.observation.outcomes import LATE_SECONDS, MAX_READ, clipped, is_left
from slipway.experiment.rewards import Period, Rewards

MAX_WAITING = 100_000
"""Requests of all arms; and outcomes."""
_NEVER = (0.0, inf)


@dataclass
class JoinedRewards:
    """Rewards by period and arm, and all that waits; times are epoch seconds.

    Attributes:
        starts: when each period began; what was answered before the first counts nowhere.
        sums: count, sum and sum of squares by period and arm.
        answered: arm and time by inference id: requests that are younger than the horizon.
        outcomes: value and arrival by inference id.
        halved: how often every second inference id, of whichever arm, was left out because too much waited.
        read: keys of the objects that have been read.
        malformed: lines of outcome files that were none.
    """

    starts: list[float]
    arms: int
    sums: list[list[list[float]]] = field(default_factory=list)
    answered: dict[str, tuple[int, float]] = field(default_factory=dict)
    outcomes: dict[str, tuple[float, float]] = field(default_factory=dict)
    halved: int = 0
    read: list[str] = field(default_factory=list)
    malformed: int = 0
    since: float = 0.0

    def __post_init__(self) -> None:
        self.since = max(self.since, self.starts[0])

    @property
    def periods(self) -> list[Period]:
        return [[Rewards(*arm) for arm in period] for period in self.sums]

    def begin_period(self, at: float) -> None:
        """The weights were changed; one that began in the same moment is the same."""
        if at > self.starts[-1]:
            self.starts.append(at)

    def add_captures(self, text: str, arm: int) -> None:
        """Take the captured requests of one object; an id that was answered twice goes by the later record."""
        for inference_id, _, at in records(text):
            if self._counts(inference_id, at):
                self.answered[inference_id] = (arm, at)

    def add_outcomes(self, text: str, *, arrived: float, positive_label: str | None = "1") -> int:
        """Take the outcomes of one object, of several rows their mean; returns how many of its lines were none."""
        found = Outcomes()
        found.add(text, positive_label)
        self.malformed += found.malformed
        for inference_id, values in found.values.items():
            if self._counts(inference_id, arrived):
                self.outcomes.setdefault(inference_id, (fmean(values), arrived))
        return found.malformed

    def count_due(
        self,
        horizon: float,
        *,
        until: float,
        late: float = LATE_SECONDS,
        bounds: tuple[float, float] = (-inf, inf),
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Count the requests that are `horizon` seconds old.

        Args:
            horizon: the age, in seconds.
            until: everything that had arrived by then has been added.
            late: how much later than others of its time a request may be captured.
            bounds: values beyond count as these.
            max_waiting: of requests, and of outcomes; of more, every second id is left out.
        """
        due = until - horizon
        for inference_id, (arm, at) in sorted(self.answered.items()):
            if at > due:
                continue
            del self.answered[inference_id]
            value, arrived = self.outcomes.pop(inference_id, _NEVER)
            if arrived <= at + horizon:
                self._add(arm, at, clipped([value], *bounds)[0])
        self.since = max(self.since, due - late)
        self._drop_expired(max_waiting)

    def _add(self, arm: int, at: float, value: float) -> None:
        number = bisect_right(self.starts, at) - 1
        while len(self.sums) <= number:
            self.sums.append([[0.0, 0.0, 0.0] for _ in range(self.arms)])
        of = self.sums[number][arm]
        of[0], of[1], of[2] = of[0] + 1, of[1] + value, of[2] + value * value

    def _drop_expired(self, max_waiting: int) -> None:
        while True:
            self.answered = {name: of for name, of in self.answered.items() if self._counts(name, of[1])}
            self.outcomes = {name: of for name, of in self.outcomes.items() if self._counts(name, of[1])}
            if max(len(self.outcomes), len(self.answered)) <= max_waiting:
                return
            self.halved += 1

    def _counts(self, inference_id: str, at: float) -> bool:
        return at >= self.since and is_left(inference_id, self.halved)

    def to_json(self) -> str:
        """What the next poll needs."""
        return json.dumps({**vars(self), "read": self.read[-MAX_READ:]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        found = json.loads(text)
        return cls(**{**found, **{name: _pairs(found[name]) for name in ("answered", "outcomes")}})


def _pairs(found: dict[str, Sequence[float]]) -> dict[str, tuple[float, float]]:
    return {name: (first, second) for name, (first, second) in found.items()}
