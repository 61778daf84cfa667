"""A test that is given what is unknown in practice: a bound for any other on the same requests.

It is given the fault to expect and all that varies, so that a healthy fleet and a faulty one are two known
distributions of each block. Its sequential likelihood-ratio test is the one that, of all with its error rates, needs
the fewest requests on average (Wald and Wolfowitz, "Optimum character of the sequential probability ratio test", 1948).

For the median there is a bound without any approximation. A method that stops half of the faulty rollouts before they
have answered more than x requests is, by that time, a test with a power of one half at its false alarm rate. No such
test has more power than the likelihood ratio at x requests (Neyman and Pearson, 1933): where that has less than one
half, x is too few for any method on these blocks.
"""

from dataclasses import dataclass
from math import floor, inf
from typing import Self

import numpy as np

from slipway.simulation.analysed_rollouts import POLL_SECONDS
from slipway.simulation.service import Floats


@dataclass(frozen=True)
class Ratios:
    """Log likelihood ratios, faulty to healthy, and the new fleet's requests: sums so far, [rollouts, polls]."""

    logs: Floats
    requests: Floats

    @classmethod
    def of(cls, logs: list[Floats], requests: list[Floats]) -> Self:
        """From what each block added."""
        return cls(np.cumsum(logs, axis=0).T, np.cumsum(requests, axis=0).T)

    def after(self, requests: float) -> Floats:
        """The ratio of each rollout at the last poll before it has answered more than so many."""
        polls = (self.requests <= requests).sum(axis=1)
        reached: Floats = np.where(polls > 0, self.logs[np.arange(len(polls)), polls - 1], 0.0)
        return reached


def stopped_after(healthy: Ratios, analysed: Ratios, *, false_rollback_rate: float) -> Floats:
    """The second at which the sequential test stops each rollout; inf if it does not.

    Its limit is the one that at most `false_rollback_rate` of the `healthy` rollouts ever exceed.
    """
    limit = _exceeded_by(false_rollback_rate, healthy.logs.max(axis=1))
    over = analysed.logs > limit
    return np.where(over.any(axis=1), (over.argmax(axis=1) + 1.0) * POLL_SECONDS, inf)


def least_exposed(healthy: Ratios, faulty: Ratios, *, false_rollback_rate: float) -> float:
    """The requests that half of the faulty rollouts answer at least, by any method; inf if not to be stopped by then.

    It holds for every method that rolls back at most `false_rollback_rate` of the healthy rollouts.
    """

    def enough(requests: float) -> bool:
        limit = _exceeded_by(false_rollback_rate, healthy.after(requests))
        return bool(np.mean(faulty.after(requests) > limit) >= 0.5)

    low, high = 0, int(faulty.requests.max())
    if not enough(high):
        return inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return float(high)


def _exceeded_by(share: float, values: Floats) -> float:
    """The least of `values` that at most `share` of them exceed."""
    return float(np.sort(values)[::-1][floor(share * len(values))])
