"""Where the numbers in captured responses lie, for servers that publish no metrics of their own.

Both fleets are compared by one set of ranks, the old fleet's from before the rollout. So equal fleets have equal
shares, whatever the numbers mean; a new fleet whose numbers are good ones on another scale has not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from typing import Any, Self

from slipway.canary.observation.captures import BLUE, GREEN, captured_responses
from slipway.canary.observation.counting import checked
from slipway.canary.observation.score_ranks import FEWEST_NUMBERS, Ranks
from slipway.canary.statistics.dispersion import WINDOW_SECONDS, Windows, dispersions
from slipway.canary.statistics.e_values import Counts

STREAMS = ("upper half", "tails")
MOST_READ = 20_000
"""Objects of one rollout: those beyond would be read twice."""
REFERENCE_NUMBERS = 2000
"""No more are read from before the rollout."""
_FLEETS = (GREEN, BLUE)

ReadNumbers = Callable[[bytes], Sequence[float]]
"""Gives the number of each row of a response, or raises ValueError."""


@dataclass
class CapturedScores:
    """Counts so far, and what waits: both fleets are counted up to the last second that both have captures of.

    Attributes:
        ranks: the old fleet's, once enough of its numbers are known.
        earlier: seconds and numbers of the old fleet before that.
        since: the new fleet's first captured response; what was answered before counts in neither.
        newest: the time of each fleet's last captured response.
        waiting: requests, and hits of each stream, by fleet and second.
        counted: the same of each fleet.
        read: keys of the objects that have been read.
    """

    ranks: Ranks | None = None
    earlier: list[tuple[float, float]] = field(default_factory=list)
    since: float | None = None
    newest: dict[str, float] = field(default_factory=dict)
    waiting: dict[str, dict[str, list[float]]] = field(default_factory=lambda: {fleet: {} for fleet in _FLEETS})
    counted: dict[str, list[float]] = field(default_factory=lambda: {fleet: [0.0, 0.0, 0.0] for fleet in _FLEETS})
    read: list[str] = field(default_factory=list)

    def add_earlier(self, text: str, numbers: ReadNumbers) -> bool:
        """Take one object of the old fleet from before the rollout; returns whether no more are needed."""
        found = ((at, _number(identifier, body, numbers)) for identifier, at, body in captured_responses(text))
        self.earlier += [(at, number) for at, number in found if number is not None]
        return len(self.earlier) >= REFERENCE_NUMBERS

    def fix_ranks(self) -> dict[str, float]:
        """Take the ranks where enough is known; returns how much more than by chance the shares varied, by stream."""
        if self.ranks is not None or len(self.earlier) < FEWEST_NUMBERS:
            return {}
        self.ranks = Ranks.of(number for _, number in self.earlier)
        found = dispersions(_windows(self.ranks, self.earlier))
        self.earlier = []
        return {name: float(each) for name, each in found.items() if each}

    def add(self, fleet: str, text: str, numbers: ReadNumbers) -> None:
        """Take one object of a fleet; before the ranks are known, the old fleet's numbers make them."""
        if self.ranks is None:
            if fleet == BLUE:
                self.add_earlier(text, numbers)
            return
        for identifier, at, body in captured_responses(text):
            hits = self.ranks.hits(_number(identifier, body, numbers))
            second = self.waiting[fleet].setdefault(str(int(at)), [0.0, 0.0, 0.0])
            self.waiting[fleet][str(int(at))] = [a + b for a, b in zip(second, (1.0, *hits), strict=True)]
            self.newest[fleet] = max(at, self.newest.get(fleet, at))

    def count_due(self) -> None:
        """Count what waits, up to the second that both fleets have reached."""
        if len(self.newest) < len(_FLEETS):
            return
        if self.since is None:
            self.since = float(min(map(int, self.waiting[GREEN])))
        due = min(self.newest.values())
        for fleet in _FLEETS:
            for second in [each for each in self.waiting[fleet] if int(each) <= due]:
                found = self.waiting[fleet].pop(second)
                if int(second) >= self.since:
                    self.counted[fleet] = [a + b for a, b in zip(self.counted[fleet], found, strict=True)]

    def totals(self) -> dict[str, Counts]:
        """All that was counted, by stream."""
        (green, *green_hits), (blue, *blue_hits) = (self.counted[fleet] for fleet in _FLEETS)
        found = zip(STREAMS, green_hits, blue_hits, strict=True)
        return {name: checked(green, hits, blue, old_hits) for name, hits, old_hits in found}

    def to_json(self) -> str:
        """What the next poll needs."""
        return json.dumps({**asdict(self), "read": self.read[-MOST_READ:]})

    @classmethod
    def from_json(cls, text: str) -> Self:
        document: dict[str, Any] = json.loads(text)
        ranks = document.pop("ranks")
        return cls(ranks=Ranks(**{n: _tuple(each) for n, each in ranks.items()}) if ranks else None, **document)


def _number(identifier: str, body: bytes, numbers: ReadNumbers) -> float | None:
    """The number of one row, drawn by chance, for a client may have sorted them; the same at every poll."""
    try:
        found = numbers(body)
    except ValueError:
        return None
    digest = blake2b(identifier.encode(errors="surrogatepass"), digest_size=8).digest()
    return found[int.from_bytes(digest) % len(found)] if found else None


def _windows(ranks: Ranks, earlier: Sequence[tuple[float, float]]) -> Mapping[str, Windows]:
    """The old fleet's requests and hits in successive windows."""
    first = min(at for at, _ in earlier) // WINDOW_SECONDS
    last = max(at for at, _ in earlier) // WINDOW_SECONDS
    size = int(last - first) + 1
    requests, hits = [0.0] * size, [[0.0] * size for _ in STREAMS]
    for at, number in earlier:
        place = int(at // WINDOW_SECONDS - first)
        requests[place] += 1
        for counts, hit in zip(hits, ranks.hits(number), strict=True):
            counts[place] += hit
    return {name: Windows(requests, counts, WINDOW_SECONDS) for name, counts in zip(STREAMS, hits, strict=True)}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
