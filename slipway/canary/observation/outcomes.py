"""What the responses of two fleets were worth, by the outcomes that arrive later."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from slipway.canary.observation.captures import GREEN, captured
from slipway.canary.observation.counting import Fleets
from slipway.canary.observation.waiting_requests import WaitingRequests

MAX_WAITING = 50_000
"""Requests of both fleets; and outcomes."""
_FLEETS = 2


@dataclass
class JoinedOutcomes(WaitingRequests[str]):
    """Values by fleet in the order of the requests, and all that waits.

    `since` becomes the time of green's first captured response.

    Attributes:
        newest: the time of each fleet's last captured response.
    """

    newest: dict[str, float] = field(default_factory=dict)
    green: list[float] = field(default_factory=list)
    blue: list[float] = field(default_factory=list)

    def add_captures(self, text: str, fleets: Fleets) -> None:
        """Take the captured requests of one object."""
        found = [each for each in captured(text, fleets) if self.may_count(each[0], each[2])]
        if GREEN not in self.newest:
            self.since = min((at for _, fleet, at in found if fleet == GREEN), default=self.since)
        for inference_id, fleet, at in found:
            self.answered[inference_id] = (fleet, at)
            self.newest[fleet] = max(at, self.newest.get(fleet, at))

    def count_due(self, horizon: float, *, until: float, max_waiting: int = MAX_WAITING) -> None:
        """Count the requests that are `horizon` seconds old, up to the last time that both fleets have captures of.

        Args:
            horizon: the age, in seconds.
            until: everything that had arrived by then has been added.
            max_waiting: of requests, and of outcomes; of more, every second id is left out.
        """
        due = min([until - horizon, *self.newest.values()])
        if len(self.newest) == _FLEETS:
            for fleet, _, value in self.take_due(horizon, due=due):
                (self.green if fleet == GREEN else self.blue).append(value)
        self.drop_expired(due=due, max_waiting=max_waiting)

    def to_json(self) -> str:
        """What the next poll needs, without the values: this poll's checkpoint has them."""
        found = json.loads(super().to_json())
        return json.dumps({name: found[name] for name in found if name not in ("green", "blue")})


def clipped(values: Iterable[float], low: float, high: float) -> list[float]:
    """Values beyond the bounds count as the bounds: the e-values are only valid within them."""
    return [min(max(value, low), high) for value in values]
