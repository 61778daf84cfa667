"""How much the difference of the fleets varies from minute to minute: what both share, as a busy hour, cancels in it.

The variance of the difference's mean is estimated from all minutes and their neighbours, weighted as by Bartlett,
"Periodogram analysis and continuous spectra" (1950), over two minutes. It is kept as sums, however long a bake lasts.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

from slipway.canary.statistics.arithmetic import Numbers, larger, where
from slipway.canary.statistics.e_values import Counts

_MIN_MINUTES = 4
_TINY = 1e-12


@dataclass(frozen=True)
class _Sums:
    """Over the minutes: of weights w, differences d of the shares of hits, and products with the minute before."""

    minutes: Numbers
    w: Numbers
    wd: Numbers
    ww: Numbers
    wwd: Numbers
    wwdd: Numbers
    next_ww: Numbers
    next_wwd: Numbers
    next_wwdd: Numbers
    by_green: Numbers
    by_blue: Numbers
    """Squares of the weights by the requests of each fleet."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(a + b for a, b in zip(_values(self), _values(other), strict=True)))


@dataclass(frozen=True)
class PairedMinutes:
    """The minutes of one comparison, or of as many as the arrays have elements.

    Attributes:
        minute: the number of the one under way.
        counts: of it.
        last: weight and difference of the one before.
        whole: the counts of all before.
        sums: of all before.
    """

    minute: int
    counts: Counts
    last: tuple[Numbers, Numbers]
    whole: Counts
    sums: _Sums

    @classmethod
    def start(cls, zero: Numbers = 0.0) -> Self:
        nothing = Counts(zero, zero, zero, zero)
        return cls(0, nothing, (zero, zero), nothing, _Sums(*(zero for _ in fields(_Sums))))

    def observe(self, counts: Counts, *, minute: int) -> Self:
        """With the counts of a block, which lies in this minute."""
        before = self if minute == self.minute else self._ended()
        return type(self)(minute, before.counts + counts, before.last, before.whole, before.sums)

    def _ended(self) -> Self:
        counts, (last_w, last_d) = self.counts, self.last
        n_green, n_blue = counts.green_requests, counts.blue_requests
        some_green, some_blue = larger(n_green, 1.0), larger(n_blue, 1.0)
        w = n_green * n_blue / larger(n_green + n_blue, 1.0)
        d = counts.green_hits / some_green - counts.blue_hits / some_blue
        ww, pair = w * w, w * last_w
        of_this = _Sums(
            where(w > 0, 1.0, 0.0),
            w,
            w * d,
            ww,
            ww * d,
            ww * d * d,
            pair,
            pair * (d + last_d),
            pair * d * last_d,
            ww / some_green,
            ww / some_blue,
        )
        nothing = Counts(*(0.0 * of for of in vars(counts).values()))
        return type(self)(self.minute, nothing, (w, d), self.whole + counts, self.sums + of_this)

    def dispersion(self) -> Numbers:
        """Variance of the difference in terms of that of independent requests; 0 with too few minutes."""
        ended = self._ended()
        s, counts = ended.sums, ended.whole
        mean = s.wd / larger(s.w, _TINY)
        varies = s.wwdd - 2 * mean * s.wwd + mean * mean * s.ww
        beside = s.next_wwdd - mean * s.next_wwd + mean * mean * s.next_ww
        independent = _binomial(counts.green_hits, counts.green_requests) * s.by_green
        independent = independent + _binomial(counts.blue_hits, counts.blue_requests) * s.by_blue
        # Differences from the mean of the same minutes vary by so much less, if these are independent.
        lost = (larger(s.minutes, 2.0) - 1) / larger(s.minutes, 2.0)
        found = larger(varies + beside, _TINY) / larger(independent, _TINY) / (lost * lost)
        return where((s.minutes >= _MIN_MINUTES) & (independent > 0), found, 0.0)

    @property
    def freedom(self) -> Numbers:
        """Degrees of freedom: as many as a mean over two neighbours leaves."""
        return larger(0.75 * self._ended().sums.minutes - 1, 2.0)

    @property
    def hits(self) -> Numbers:
        return self.whole.green_hits + self.whole.blue_hits + self.counts.green_hits + self.counts.blue_hits

    def take(self, kept: Any) -> Self:
        """The rollouts chosen by the mask."""
        last: tuple[Any, Any] = self.last
        sums: list[Any] = _values(self.sums)
        return type(self)(
            self.minute,
            self.counts.take(kept),
            (last[0][kept], last[1][kept]),
            self.whole.take(kept),
            _Sums(*(of[kept] for of in sums)),
        )

    def to_document(self) -> dict[str, Any]:
        """Of a single comparison."""
        parts = {"counts": _values(self.counts), "whole": _values(self.whole), "sums": _values(self.sums)}
        return {"minute": self.minute, "last": list(self.last), **parts}

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        last, counts, whole = (document[name] for name in ("last", "counts", "whole"))
        return cls(document["minute"], Counts(*counts), tuple(last), Counts(*whole), _Sums(*document["sums"]))


def student_quantile(normal: float, freedom: Numbers) -> Numbers:
    """Student's quantile from the normal one, by the expansion of Abramowitz and Stegun (1964), 26.7.5."""
    cube, fifth = normal**3, normal**5
    return normal + (cube + normal) / (4 * freedom) + (5 * fifth + 16 * cube + 3 * normal) / (96 * freedom * freedom)


def _binomial(hits: Numbers, requests: Numbers) -> Numbers:
    share = hits / larger(requests, 1.0)
    return share * (1 - share)


def _values(of: Any) -> list[Any]:
    return list(vars(of).values())
