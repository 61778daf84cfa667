"""A made-up service and what a new model may do to it: the distributions that requests are drawn from."""

from dataclasses import dataclass
from functools import cache, cached_property
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_NORMAL = NormalDist()
_GRID = np.linspace(0.0005, 0.9995, 2000)


@dataclass(frozen=True)
class Service:
    """How the old fleet responds, and what varies for both fleets alike.

    Latencies are log-logistic around a median of 1, so that nothing depends on their unit; with a shape of 4 the 99th
    percentile is 3.2 medians. Scores are binormal: log-odds of two classes with the given AUC. `drift` are standard
    deviations of log factors that both fleets share, drawn anew every minute: error rate, latency, odds of a positive.
    """

    error_rate: float = 0.005
    latency_shape: float = 4.0
    auc: float = 0.93
    positive_share: float = 0.155
    drift: tuple[float, float, float] = (0.3, 0.1, 0.1)
    fleet_spread: float = 0.02
    """Standard deviation of the log factor by which two healthy fleets of one model differ in latency."""
    bursts: tuple[int, int, int] = (1, 1, 1)
    """Lengths of runs of alike responses of one fleet: failed ones, equally slow ones, ones of alike scores."""
    burst_seconds: int = 0
    """A burst of failed responses takes so long; 0: they are one after the other."""
    daily_rise: float = 0.0
    """The traffic goes from its quiet hour to so many times as much on top and back within a day; errors do by half."""
    baseline_rows: int = 2440
    """Rows that the new model's score ranks were taken from; their sampling moves every rank of a healthy model."""

    @cached_property
    def separation(self) -> float:
        """Distance of the classes in standard deviations."""
        return 2**0.5 * _NORMAL.inv_cdf(self.auc)


@dataclass(frozen=True)
class Fault:
    """What is wrong with the new model: more failed or slower responses, or scores without a part of their signal."""

    name: str = "healthy"
    error_points: float = 0.0
    """Added to the share of failed responses; 100 fails all of them."""
    latency_factor: float = 1.0
    cold: tuple[float, float] = (0.0, 1.0)
    """So many seconds after its first traffic it is slower by this factor, as any fleet may be: no fault in itself."""
    auc_loss: float = 0.0
    """The AUC is this much lower in service than when the model was evaluated, because inputs went missing."""

    @property
    def healthy(self) -> bool:
        return self.error_points == 0 and self.latency_factor == 1 and self.auc_loss == 0


@dataclass(frozen=True)
class RankTables:
    """Share of each class that scores below the rank r of a model in order, as tables over r."""

    positive: Floats
    negative: Floats

    def below(self, ranks: Floats, positive_share: Floats) -> Floats:
        """Share of all requests that score below each of `ranks`, given the share of positives."""
        positive = np.interp(ranks, _GRID, self.positive)
        negative = np.interp(ranks, _GRID, self.negative)
        share: Floats = positive_share * positive + (1 - positive_share) * negative
        return share


@cache
def ranks(service: Service, auc_loss: float = 0.0) -> RankTables:
    """The tables of `service` after a loss of AUC.

    The log-odds are a sum of independent signals; the fault replaces some of them by their mean over all requests, as a
    feature that arrives empty and is imputed does. What is left separates the classes less and spreads less.
    """
    d = service.separation
    left = (2**0.5 * _NORMAL.inv_cdf(service.auc - auc_loss) / d) ** 2
    lost_mean = (service.positive_share - 0.5) * (1 - left) * d * d
    scores = np.linspace(-d * d / 2 - 6 * d, d * d / 2 + 6 * d, 4000)
    whole = {side: _normal_cdf((scores - side * d * d) / d) for side in (0.5, -0.5)}
    mixed = service.positive_share * whole[0.5] + (1 - service.positive_share) * whole[-0.5]
    at_rank = np.interp(_GRID, mixed, scores)
    spread = left**0.5 * d
    tables = [_normal_cdf((at_rank - lost_mean - side * left * d * d) / spread) for side in (0.5, -0.5)]
    return RankTables(tables[0], tables[1])


def _normal_cdf(values: Floats) -> Floats:
    return np.array([_NORMAL.cdf(value) for value in values])


def slower_than(service: Service, limits: Floats, factor: Floats) -> Floats:
    """Share of latencies above each of `limits` when all are `factor` times the usual; log-logistic."""
    share: Floats = 1 / (1 + (limits / factor) ** service.latency_shape)
    return share


def latency_at(service: Service, share_above: float) -> float:
    """The usual latency that a given share of requests exceeds."""
    return float((1 / share_above - 1) ** (1 / service.latency_shape))
