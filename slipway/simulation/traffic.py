"""Seeded requests of many rollouts at once, block by block: what both fleets of each would count."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from slipway.simulation.service import Fault, Floats, Service, ranks, slower_than

RANK_CUTS = np.arange(1, 10) / 10
_SLOT, _MINUTE, _DAY = 10, 60, 86_400
_IMPOSSIBLE = 1e-12


@dataclass(frozen=True)
class FleetBlock:
    """One fleet's counts, a row a rollout; the last axis of histograms is their bins."""

    requests: Floats
    failed: Floats
    latencies: NDArray[np.int64]
    scores: NDArray[np.int64]

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.requests + other.requests,
            self.failed + other.failed,
            self.latencies + other.latencies,
            self.scores + other.scores,
        )


@dataclass(frozen=True)
class Block:
    """What both fleets counted between two polls; `edges` are the latencies between the bins."""

    end_second: int
    edges: Floats
    green: FleetBlock
    blue: FleetBlock

    def __add__(self, later: Self) -> Self:
        return type(self)(later.end_second, self.edges, self.green + later.green, self.blue + later.blue)


class Traffic:
    """Requests to both fleets of `rollouts` rollouts under one fault.

    Args:
        service: the old fleet, and what varies.
        fault: what is wrong with the new one.
        requests_per_second: to both fleets together, Poisson.
        rollouts: how many at once.
        rng: the only source of chance.
    """

    def __init__(
        self, service: Service, fault: Fault, *, requests_per_second: float, rollouts: int, rng: np.random.Generator
    ) -> None:
        self.service, self.fault, self.requests_per_second = service, fault, requests_per_second
        self._rng = rng
        self._fleet_factor = np.exp(service.fleet_spread * rng.normal(size=(rollouts, 1)))
        # The mass between quantiles of a sample is Dirichlet: the ranks of a healthy model are off by that much.
        masses = rng.dirichlet(np.full(len(RANK_CUTS) + 1, service.baseline_rows / (len(RANK_CUTS) + 1)), rollouts)
        self._green_cuts = np.cumsum(masses, axis=1)[:, :-1]
        self._drift = np.zeros((3, rollouts))
        self._failing = np.zeros((2, rollouts), dtype=np.int64)
        self._spread = np.zeros((2, service.burst_seconds // _SLOT, rollouts), dtype=np.int64)
        self._hour = rng.uniform(0, _DAY, rollouts) if service.daily_rise else np.zeros(rollouts)
        self._second = 0

    @property
    def rollouts(self) -> int:
        return self._drift.shape[1]

    @property
    def second(self) -> int:
        """Seconds drawn so far."""
        return self._second

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Go on with the rollouts chosen by the mask alone."""
        self._fleet_factor, self._green_cuts = self._fleet_factor[kept], self._green_cuts[kept]
        self._drift, self._failing = self._drift[:, kept], self._failing[:, kept]
        self._spread, self._hour = self._spread[:, :, kept], self._hour[kept]

    def afresh(self, chosen: NDArray[np.bool_]) -> "Traffic":
        """The rollouts chosen by the mask from their start, with the same fleets and other requests."""
        again: Traffic = deepcopy(self)
        again._rng = again._rng.spawn(1)[0]
        again.keep(chosen)
        return again

    def draw(self, seconds: int, *, green_share: float, edges: Floats, copied: bool = False) -> Block:
        """The next block.

        Args:
            seconds: of it.
            green_share: of the requests, which the new fleet gets.
            edges: the latencies to count by.
            copied: the new fleet gets copies, and the old one all requests.
        """
        if self._second % _MINUTE == 0:
            self._vary()
        self._second += seconds
        load = self.requests_per_second * seconds * self._rise()
        green = self._fleet(load * green_share, self._green(self.fault, edges), 0, seconds)
        blue = self._fleet(load * (1 if copied else 1 - green_share), self._blue(edges), 1, seconds)
        return Block(self._second, edges, green, blue)

    def log_ratio(self, block: Block, faulty: Fault) -> Floats:
        """Log likelihood ratio of what the new fleet counted in the newest block: under `faulty`, to a healthy fleet.

        Given all that varies, this minute's values too: no test of the block separates the two better.
        """
        green, (bad, good) = block.green, (self._green(fault, block.edges) for fault in (faulty, Fault()))
        total: Floats = green.failed * _log_quotient(bad.error_rate, good.error_rate)
        total += (green.requests - green.failed) * _log_quotient(1 - bad.error_rate, 1 - good.error_rate)
        for counted, one, other in (
            (green.latencies, bad.latencies, good.latencies),
            (green.scores, bad.scores, good.scores),
        ):
            total += (counted * _log_quotient(one, other)).sum(axis=1)
        return total

    def _green(self, fault: Fault, edges: Floats) -> "_Chances":
        errors, latency, share = self._varied()
        seconds, factor = fault.cold
        slowness = fault.latency_factor * (factor if self._second <= seconds else 1.0)
        slower = slower_than(self.service, edges, slowness * latency * self._fleet_factor)
        below = ranks(self.service, fault.auc_loss).below(self._green_cuts, share)
        return _Chances(np.minimum(errors + fault.error_points / 100, 1.0), _masses(1 - slower), _masses(below))

    def _blue(self, edges: Floats) -> "_Chances":
        errors, latency, share = self._varied()
        below = ranks(self.service).below(np.broadcast_to(RANK_CUTS, self._green_cuts.shape), share)
        slower = slower_than(self.service, edges, latency)
        return _Chances(np.minimum(errors, 1.0), _masses(1 - slower), _masses(below))

    def _vary(self) -> None:
        self._drift = np.array(self.service.drift)[:, None] * self._rng.normal(size=self._drift.shape)

    def _varied(self) -> tuple[Floats, Floats, Floats]:
        """This minute's error rate, latency factor and share of positives, for both fleets alike."""
        errors, latency, positives = np.exp(self._drift)
        odds = positives * self.service.positive_share / (1 - self.service.positive_share)
        return self.service.error_rate * errors * self._rise() ** 0.5, latency[:, None], (odds / (1 + odds))[:, None]

    def _rise(self) -> Floats:
        """This minute's traffic, in terms of the quiet hour's."""
        at = self._hour + self._second // _MINUTE * _MINUTE
        return 1 + self.service.daily_rise * (1 - np.cos(2 * np.pi * at / _DAY)) / 2

    def history(self, seconds: int, *, every: int, rollouts: int, edges: Floats) -> list[FleetBlock]:
        """What the old fleet counted `every` so many seconds before such rollouts, when it had all the traffic."""
        rate, rng = self.requests_per_second, self._rng.spawn(1)[0]
        before = Traffic(self.service, Fault(), requests_per_second=rate, rollouts=rollouts, rng=rng)
        before._hour = np.resize(self._hour, rollouts) - seconds
        found = []
        for second in range(0, seconds, every):
            if second % _MINUTE == 0:
                before._vary()
                chances = before._blue(edges)
            before._second = second
            found.append(before._fleet(rate * every * before._rise(), chances, 1, every))
        return found

    def _fleet(self, mean: Floats, chances: "_Chances", number: int, seconds: int) -> FleetBlock:
        requests = self._rng.poisson(mean, self.rollouts)
        _, equally_slow, alike = self.service.bursts
        failed = self._failed(requests, chances.error_rate, number, seconds)
        latencies = self._in_runs(requests, chances.latencies, equally_slow)
        scores = self._in_runs(requests - failed, chances.scores, alike)
        return FleetBlock(requests.astype(np.float64), failed.astype(np.float64), latencies, scores)

    def _failed(self, requests: NDArray[np.int64], rate: Floats, number: int, seconds: int) -> NDArray[np.int64]:
        """A burst goes on in the next block where this one has too few requests; `_failing` keeps what is left of it.

        One that takes longer is spread over slots of ten seconds, of which a block has one or several.
        """
        size, failing, spread = self.service.bursts[0], self._failing[number], self._spread[number]
        if size == 1:
            return self._rng.binomial(requests, rate)
        begun = size * self._rng.poisson(requests * rate / size)
        if slots := len(spread):
            spread += self._rng.multinomial(begun, np.full(slots, 1 / slots)).T
            over = max(1, seconds // _SLOT)
            begun = spread[:over].sum(axis=0)
            spread[:] = np.concatenate([spread[over:], np.zeros_like(spread[:over])])
        failing += begun
        failed: NDArray[np.int64] = np.minimum(failing, requests)
        failing -= failed
        return failed

    def _in_runs(self, requests: NDArray[np.int64], masses: Floats, size: int) -> NDArray[np.int64]:
        """A histogram of runs of `size` responses in one bin each, as far as a block holds whole ones."""
        if size == 1:
            return self._rng.multinomial(requests, masses)
        runs, others = np.divmod(requests, size)
        return size * self._rng.multinomial(runs, masses) + self._rng.multinomial(others, masses)


@dataclass(frozen=True)
class _Chances:
    """What one fleet's requests are drawn from, a row a rollout: probabilities of an error and of each bin."""

    error_rate: Floats
    latencies: Floats
    scores: Floats


def _log_quotient(x: Floats, y: Floats) -> Floats:
    quotient: Floats = np.log(np.maximum(x, _IMPOSSIBLE) / np.maximum(y, _IMPOSSIBLE))
    return quotient


def _masses(below: Floats) -> Floats:
    """Mass of each bin, given the cumulative shares at the edges; sums to at most 1 in floating point."""
    rows = len(below)
    cumulative = np.concatenate([np.zeros((rows, 1)), below, np.ones((rows, 1))], axis=1)
    masses = np.maximum(np.diff(cumulative, axis=1), 0.0)
    scaled: Floats = masses / masses.sum(axis=1, keepdims=True)
    return scaled
