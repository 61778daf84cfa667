"""What each arm's requests of each period have earned, by the outcomes that arrive later.

An arm that has just begun, or has just got more requests, is compared by outcomes as complete as the others' are.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from math import inf

from slipway.canary.observation.captures import records
from slipway.canary.observation.outcomes import clipped
from slipway.canary.observation.waiting_requests import WaitingRequests
from slipway.experiment.rewards import Period, Rewards

MAX_WAITING = 100_000
"""Requests of all arms; and outcomes."""
_GREATEST = 1e100
"""Of a reward, whose square must be a number too; larger ones count as it."""


@dataclass
class JoinedRewards(WaitingRequests[int]):
    """Rewards by period and arm, and all that waits.

    Attributes:
        arms: how many.
        starts: when each period began; the first with `since`.
        sums: count, sum and sum of squares by period and arm.
    """

    arms: int = field(kw_only=True)
    starts: list[float] = field(default_factory=list)
    sums: list[list[list[float]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.starts = self.starts or [self.since]

    @property
    def periods(self) -> list[Period]:
        return [[Rewards(*arm) for arm in period] for period in self.sums]

    def begin_period(self, at: float) -> None:
        """The weights were changed; one that began in the same moment is the same."""
        if at > self.starts[-1]:
            self.starts.append(at)

    def add_captures(self, text: str, arm: int) -> None:
        """Take the captured requests of one object."""
        for inference_id, _, at in records(text):
            if self.may_count(inference_id, at):
                self.answered[inference_id] = (arm, at)

    def count_due(
        self,
        horizon: float,
        *,
        until: float,
        bounds: tuple[float, float] = (-inf, inf),
        max_waiting: int = MAX_WAITING,
    ) -> None:
        """Count the requests that are `horizon` seconds old.

        Args:
            horizon: the age, in seconds.
            until: everything that had arrived by then has been added.
            bounds: values beyond count as these.
            max_waiting: of requests, and of outcomes; of more, every second id is left out.
        """
        due = until - horizon
        low, high = max(bounds[0], -_GREATEST), min(bounds[1], _GREATEST)
        for arm, at, value in self.take_due(horizon, due=due):
            self._add(arm, at, clipped([value], low, high)[0])
        self.drop_expired(due=due, max_waiting=max_waiting)

    def _add(self, arm: int, at: float, value: float) -> None:
        number = bisect_right(self.starts, at) - 1
        while len(self.sums) <= number:
            self.sums.append([[0.0, 0.0, 0.0] for _ in range(self.arms)])
        of = self.sums[number][arm]
        of[0], of[1], of[2] = of[0] + 1, of[1] + value, of[2] + value * value
