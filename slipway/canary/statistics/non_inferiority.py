"""One test of what was counted: whether the new fleet's share of hits is below the old one's plus a margin.

Farrington and Manning, "Test statistics and sample size formulae for comparative binomial trials with null hypothesis
of non-zero risk difference or non-unity relative risk" (1990): the difference less the margin, divided by its standard
error at the nearest point where it is the margin. It is made once, at a time that was fixed before. Several tests share
the error by a spending function (Lan and DeMets, "Discrete sequential boundaries for clinical trials", 1983).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import e, inf, log, sqrt
from statistics import NormalDist

from slipway.canary.statistics.arithmetic import Numbers, Truths, larger, smaller, where
from slipway.canary.statistics.arithmetic import sqrt as root
from slipway.canary.statistics.e_values import Counts, nearest_green

_NORMAL = NormalDist()
_TINY = 1e-12
_BISECTIONS = 30


@lru_cache(maxsize=64)
def normal_quantile(error: float) -> float:
    """How many standard errors leave `error` of a normal distribution beyond them, on one side."""
    return _NORMAL.inv_cdf(1 - error)


def spent(share: float, error: float) -> float:
    """How much of the error all tests may have spent together when `share` of the time has passed.

    The spending function of Pocock's kind: a test gets what has been added since the last one, early ones more of it.
    """
    return error * log(1 + (e - 1) * share)


@dataclass(frozen=True)
class NonInferiority:
    """That green's rate is below blue's plus `margin`; two-sided, that it is above blue's less `margin` too."""

    margin: float = 0.0
    two_sided: bool = False

    def standard_errors(self, strata: Sequence[Counts], dispersion: Numbers, *, error: float) -> Numbers:
        """How many standard errors the difference lies within the margin, at the weaker side; -inf without requests.

        Args:
            strata: the counts of each bake: the fleets' shares of the traffic differ between bakes, and what both
                share may be another in each.
            dispersion: of one fleet's counts, in terms of the binomial variance; below 1 it counts as 1.
            error: the level of the test.
        """
        sides = (strata, _exchanged(strata)) if self.two_sided else (strata,)
        found = [_distance(side, dispersion, self.margin, error) for side in sides]
        return smaller(*found) if self.two_sided else found[0]

    def border_error(self, strata: Sequence[Counts]) -> Numbers:
        """The standard error that the difference would have at the margin; 0 without requests."""
        return _compared(strata, self.margin).error

    def proves(self, strata: Sequence[Counts], dispersion: Numbers, *, error: float) -> Truths:
        """Whether the test proves it, with a probability of `error` at most where it is not so."""
        return self.standard_errors(strata, dispersion, error=error) >= normal_quantile(error)

    def least_margin(self, strata: Sequence[Counts], dispersion: float, *, error: float) -> float:
        """The smallest margin that the same test would prove; 1 where it proves none."""
        low, high = 0.0, 1.0
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            if NonInferiority(middle, self.two_sided).proves(strata, dispersion, error=error):
                high = middle
            else:
                low = middle
        return high


@lru_cache(maxsize=64)
def _part_of_a_hit(error: float) -> float:
    """What is added to green's hits: by it no hit at all is exactly so unlikely, and few hits are no likelier.

    Without it the test errs in 6.7 % instead of 5 where the old fleet has no errors, and the new one 2.7 expected ones.
    """
    without_a_hit = -log(error)
    return max(0.0, without_a_hit - normal_quantile(error) * sqrt(without_a_hit))


@dataclass(frozen=True)
class _Compared:
    """How far green's share is below blue's plus the margin, its standard error at the margin, and green's requests."""

    below: Numbers
    error: Numbers
    green_requests: Numbers
    known: Truths


def _compared(strata: Sequence[Counts], margin: float) -> _Compared:
    weights: Numbers = 0.0
    below: Numbers = 0.0
    variance: Numbers = 0.0
    greens: Numbers = 0.0
    for counts in strata:
        n_green, n_blue = counts.green_requests, counts.blue_requests
        some_green, some_blue = larger(n_green, 1.0), larger(n_blue, 1.0)
        green, blue = counts.green_hits / some_green, counts.blue_hits / some_blue
        nearest = nearest_green(green, blue, n_blue / some_green, margin)
        other = nearest - margin
        weight = n_green * n_blue / larger(n_green + n_blue, 1.0)
        weights, below = weights + weight, below + weight * (margin - green + blue)
        variance = variance + weight**2 * (nearest * (1 - nearest) / some_green + other * (1 - other) / some_blue)
        greens = greens + n_green
    total = larger(weights, _TINY)
    return _Compared(below / total, root(larger(variance, 0.0)) / total, greens, weights > 0)


def _distance(strata: Sequence[Counts], dispersion: Numbers, margin: float, error: float) -> Numbers:
    dispersion, found = larger(dispersion, 1.0), _compared(strata, margin)
    shift = _part_of_a_hit(error) * dispersion / larger(found.green_requests, 1.0)
    distance = (found.below - shift) / larger(root(dispersion) * found.error, _TINY)
    return where(found.known, distance, -inf)


def _exchanged(strata: Sequence[Counts]) -> tuple[Counts, ...]:
    """Each fleet in the other's place: that blue is below green plus the margin."""
    return tuple(Counts(s.blue_requests, s.blue_hits, s.green_requests, s.green_hits) for s in strata)
