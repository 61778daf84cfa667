"""How a candidate is compared as a shadow: its polls, its tests, and how many good ones they prove."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import floor, log2

from slipway.canary.config import AnalysedMetric, Tolerances
from slipway.canary.statistics.power import ExpectedBake, promoted_share

FIRST_TEST_SECONDS = 600
"""At the earliest: a candidate is a shadow for so long at least, and its latencies settle."""
FIRST_SECONDS, FIRST_POLLS, LATER_POLLS = 60, 60, 240
"""An hour of quick polls; the rest of the longest time is divided among the later ones."""
SAME_FOR_USERS: tuple[AnalysedMetric, ...] = ("latency", "scores")
"""What a shadow proves for the canary too. Errors not: only a user's request meets what stands before the model."""


def promotion_times(most_seconds: float) -> tuple[float, ...]:
    """When a test may promote it, in seconds since it became a shadow: each at twice the time of the one before."""
    last = floor(log2(max(1.0, most_seconds / FIRST_TEST_SECONDS)))
    return tuple(most_seconds / 2**number for number in range(last, -1, -1))


def wait_seconds(polls: int, most_seconds: int) -> int:
    """Before the next poll, after so many."""
    later = max(FIRST_SECONDS, (most_seconds - FIRST_POLLS * FIRST_SECONDS) // LATER_POLLS)
    return FIRST_SECONDS if polls < FIRST_POLLS else later


@dataclass(frozen=True)
class ShadowComparison:
    """What a shadow is compared by.

    Attributes:
        tolerances: of its analysis.
        copied: the share of the requests of which it gets copies, 0..1.
        most_seconds: it is compared for.
    """

    tolerances: Tolerances
    copied: float
    most_seconds: int

    @property
    def test_error(self) -> float:
        """The level of each test: they share the error of a promotion equally."""
        return self.tolerances.false_promotion_rate / len(promotion_times(self.most_seconds))

    def waits(self) -> Iterator[int]:
        """Seconds before each poll, until the time is over."""
        waited = polls = 0
        while waited < self.most_seconds:
            step = wait_seconds(polls, self.most_seconds)
            yield step
            waited, polls = waited + step, polls + 1

    def proven_share(self, requests_per_second: float, *, error_rate: float | None = None) -> float:
        """Share of good models, 0..1, that the last test proves; earlier ones add to it."""
        requests = requests_per_second * self.most_seconds
        tested = replace(self.tolerances, false_promotion_rate=self.test_error)
        return promoted_share(tested, [ExpectedBake(self.copied * requests, requests)], error_rate=error_rate)
