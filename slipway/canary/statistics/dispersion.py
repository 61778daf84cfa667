"""How much more the hits of one fleet vary than those of independent requests would: 1 if they are independent.

Errors, slow responses and scores may come in bursts. The variance of their counts is then `dispersion` times the
binomial one; for bursts of b hits at once it is b. It is estimated from the differences of successive windows (von
Neumann, "Distribution of the ratio of the mean square successive difference to the variance", 1941), so that a drift
of the level, which both fleets share and which biases no test, counts for little: the less the shorter the windows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from slipway.canary.statistics.arithmetic import Numbers, larger, where
from slipway.canary.statistics.streams import BEYOND_TOLERANCE, SERVED, TOLERANCE_SHARE

WINDOW_SECONDS, MINUTE = 10, 60
"""How often the servers report what they count, and SageMaker."""
COARSE_SECONDS, COARSE_SHARE = (120, 240), 0.9
"""Windows for bursts of errors that take minutes, and how much of what they vary counts."""
WITHIN_MINUTES, OVER_MINUTES = " within minutes", " over minutes"
"""After the name of a stream of errors: what the test of a promotion takes its dispersion from."""
AT_FIRST, WHOLE_SECONDS, MANY_BURSTS = " at first", 60.0, 300
"""After the same: what counts when a new fleet gets its first request, if the hours before had so many bursts."""
_BEYOND_COARSE = 1.4
"""Bursts as long as half of the longest window vary more over a whole bake than in one window."""
UNKNOWN: Mapping[str, float] = {"errors": 3.0, f"{SERVED}errors": 3.0}
"""What a fleet without enough errors is taken for: its first burst must not look like a fault."""
MIN_PAIRS = 10
"""Pairs of windows with requests in both."""
MIN_HITS = 5
"""As many hits, and as many requests that are none."""
_TINY = 1e-12


@dataclass(frozen=True)
class Windows:
    """What one fleet counted in successive windows: numbers, or arrays of one shape with an element a rollout."""

    requests: Sequence[Numbers]
    hits: Sequence[Numbers]
    seconds: int = MINUTE
    """The length of each."""

    def joined(self, number: int) -> "Windows":
        """So many taken together each time; an incomplete last group is left out."""
        if number > len(self.requests):
            return Windows((), (), self.seconds * number)
        return Windows(_sums(self.requests, number), _sums(self.hits, number), self.seconds * number)


def dispersion(windows: Windows, *, within: int = 0) -> Numbers:
    """Variance of the hits in terms of the binomial one; 0 where too little is known.

    Args:
        windows: in order of time.
        within: neighbours are compared inside spans of so many seconds only; 0: all of them.
    """
    if not windows.requests:
        return 0.0
    whole = windows.joined(len(windows.requests))
    total, hits = whole.requests[0], whole.hits[0]
    rate = hits / larger(total, 1.0)
    squares = pairs = 0.0 * total
    counted = pairwise(zip(windows.requests, windows.hits, strict=True))
    for number, ((n, hit), (next_n, next_hit)) in enumerate(counted, 1):
        if within and number * windows.seconds % within == 0:
            continue
        weight = n * next_n / larger(n + next_n, 1.0)
        squares = squares + weight * (hit / larger(n, 1.0) - next_hit / larger(next_n, 1.0)) ** 2
        pairs = pairs + where(weight > 0, 1.0, 0.0)
    known = (pairs >= MIN_PAIRS) & (hits >= MIN_HITS) & (total - hits >= MIN_HITS)
    return where(known, larger(squares, _TINY) / larger(pairs * rate * (1 - rate), _TINY), 0.0)


def dispersions(windows_by_stream: Mapping[str, Windows]) -> dict[str, Numbers]:
    """The dispersion of each stream's hits, by what the old fleet counted; 0 where too little is known.

    Windows of ten seconds, and halves of minutes, are compared inside each minute: a level that both fleets share
    hardly moves there. Where there are none minutes are compared, which costs power wherever that level moves. Errors
    may come in bursts of minutes: windows of 2 and 4 minutes count for them too, though the shared level is in those.
    What SageMaker counts is as dispersed as the same hits among the requests that the servers report, maybe a sample.
    """
    by_stream = _by_stream(windows_by_stream)
    of_errors = {name: first for name, (_, _, _, first) in by_stream.items() if name.endswith("errors")}
    found = {name: found for name, (found, _, _, _) in by_stream.items()}
    return found | {name + AT_FIRST: first for name, first in of_errors.items()}


def after(seconds: float, dispersion: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """What counts so long after the new fleet's first request, where it is known what counts at first.

    A burst that takes minutes is not whole in fewer: in `seconds` the counts vary as much less as those of bursts of
    `WHOLE_SECONDS` would. Shorter ones show within minutes.
    """
    share = seconds / WHOLE_SECONDS
    part = share * (1 - share / 3) if share < 1 else 1 - 1 / (3 * share)
    first = {name.removesuffix(AT_FIRST): of for name, of in dispersion.items() if name.endswith(AT_FIRST)}
    grown = {name: where(of > 0, of + part * (dispersion[name] - of), dispersion[name]) for name, of in first.items()}
    return {**dispersion, **grown}


def promotion_dispersions(windows_by_stream: Mapping[str, Windows]) -> dict[str, Numbers]:
    """Of errors, what a promotion's test needs: the dispersion within minutes, and over a whole bake at most."""
    found = _by_stream({name: of for name, of in windows_by_stream.items() if name.endswith("errors")})
    within = {name + WITHIN_MINUTES: close for name, (_, close, _, _) in found.items()}
    return within | {name + OVER_MINUTES: most for name, (_, _, most, _) in found.items()}


def _by_stream(windows_by_stream: Mapping[str, Windows]) -> dict[str, tuple[Numbers, Numbers, Numbers, Numbers]]:
    """The dispersion, that within minutes, the most that a promotion's test may meet, and that at first."""
    found = {
        name: _of_errors(windows) if name.endswith("errors") else (_closest(windows),) * 4
        for name, windows in windows_by_stream.items()
    }
    for name, windows in windows_by_stream.items():
        if (twin := _twin(name)) in windows_by_stream:
            requests, sampled = (_total(each) for each in (windows, windows_by_stream[twin]))
            ratio = larger(requests / larger(sampled, 1.0), 1.0)
            both = zip(found[twin], found[name], strict=True)
            of_twin, within, most, first = (where(by > 0, 1 + ratio * (larger(by, 1.0) - 1), own) for by, own in both)
            found[name] = of_twin, within, most, first
    return found


def _of_errors(windows: Windows) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    close, coarse = _closest(windows), [dispersion(windows.joined(s // windows.seconds)) for s in COARSE_SECONDS]
    found = larger(close, COARSE_SHARE * larger(*coarse))
    most = larger(found, close + _BEYOND_COARSE * larger(coarse[-1] - close, 0.0))
    many = _sum_of(windows.hits) >= MANY_BURSTS * larger(found, 1.0)
    return found, close, most, where(many, close, found)


def _closest(windows: Windows) -> Numbers:
    """From the shortest windows with enough hits."""
    minutes = dispersion(windows.joined(MINUTE // windows.seconds))
    if windows.seconds == MINUTE:
        return minutes
    close = dispersion(windows, within=MINUTE)
    halves = dispersion(windows.joined(MINUTE // 2 // windows.seconds), within=MINUTE)
    return where(close > 0, larger(close, halves), minutes)


def _twin(name: str) -> str:
    """The stream by which the servers report the same hits."""
    return SERVED + (f"slow {TOLERANCE_SHARE:g}" if name == BEYOND_TOLERANCE else name)


def _total(windows: Windows) -> Numbers:
    return _sum_of(windows.requests)


def _sum_of(numbers: Sequence[Numbers]) -> Numbers:
    return sum(numbers[1:], numbers[0]) if numbers else 0.0


def _sums(numbers: Sequence[Numbers], number: int) -> list[Numbers]:
    groups = [numbers[first : first + number] for first in range(0, len(numbers) - number + 1, number)]
    return [sum(group[1:], group[0]) for group in groups]
