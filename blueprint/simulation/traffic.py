"""Seeded requests of many rollouts at once, block by block: what both fleets of each would count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blueprint.simulation.service import Fault, Floats, Service, latency_at, ranks, slower_than
from blueprint.verdicts import LATENCY_SHARES, SCORE_RANKS, TOLERANCE_SHARE, Counts, JudgePlan

RANK_CUTS = np.arange(1, 10) / 10
_MINUTE = 60


@dataclass(frozen=True)
class FleetBlock:
    """One fleet's counts, a row a rollout; the last axis of histograms is their bins."""

    requests: Floats
    failed: Floats
    latencies: NDArray[np.int64]
    scores: NDArray[np.int64]


@dataclass(frozen=True)
class Block:
    """What both fleets counted between two looks; `edges` are the latencies between the bins."""

    end_second: int
    edges: Floats
    green: FleetBlock
    blue: FleetBlock


class Traffic:
    """Requests to both fleets of `rollouts` rollouts under one fault.

    Args:
        service: the old fleet, and what wanders.
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
        self._fleet_factor = fault.latency_factor * np.exp(service.fleet_spread * rng.normal(size=(rollouts, 1)))
        # The mass between quantiles of a sample is Dirichlet: the ranks of a healthy model are off by that much.
        masses = rng.dirichlet(np.full(len(RANK_CUTS) + 1, service.baseline_rows / (len(RANK_CUTS) + 1)), rollouts)
        self._green_cuts = np.cumsum(masses, axis=1)[:, :-1]
        self._green_ranks, self._blue_ranks = ranks(service, fault.auc_loss), ranks(service)
        self._drift = np.zeros((3, rollouts))
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
        self._drift = self._drift[:, kept]

    def draw(self, seconds: int, *, green_share: float, edges: Floats) -> Block:
        """The next block; `edges` are the latencies to count by."""
        if self._second % _MINUTE == 0:
            self._drift = np.array(self.service.drift)[:, None] * self._rng.normal(size=self._drift.shape)
        self._second += seconds
        errors, latency, positives = np.exp(self._drift)
        odds = positives * self.service.positive_share / (1 - self.service.positive_share)
        share = (odds / (1 + odds))[:, None]
        load = self.requests_per_second * seconds
        rate = self.service.error_rate * errors
        green = self._fleet(
            load * green_share,
            np.minimum(rate + self.fault.error_points / 100, 1.0),
            slower_than(self.service, edges, latency[:, None] * self._fleet_factor),
            self._green_ranks.below(self._green_cuts, share),
        )
        blue_below = self._blue_ranks.below(np.broadcast_to(RANK_CUTS, self._green_cuts.shape), share)
        blue_slower = slower_than(self.service, edges, latency[:, None])
        blue = self._fleet(load * (1 - green_share), np.minimum(rate, 1.0), blue_slower, blue_below)
        return Block(self._second, edges, green, blue)

    def _fleet(self, mean: float, error_rate: Floats, slower: Floats, below: Floats) -> FleetBlock:
        requests = self._rng.poisson(mean, self.rollouts)
        failed = self._rng.binomial(requests, error_rate)
        latencies = self._rng.multinomial(requests, _masses(1 - slower))
        scores = self._rng.multinomial(requests - failed, _masses(below))
        return FleetBlock(requests.astype(np.float64), failed.astype(np.float64), latencies, scores)


def _masses(below: Floats) -> Floats:
    """Mass of each bin, given the cumulative shares at the edges; sums to at most 1 in floating point."""
    rows = len(below)
    cumulative = np.concatenate([np.zeros((rows, 1)), below, np.ones((rows, 1))], axis=1)
    masses = np.maximum(np.diff(cumulative, axis=1), 0.0)
    scaled: Floats = masses / masses.sum(axis=1, keepdims=True)
    return scaled


def judge_edges(plan: JudgePlan, service: Service, extra: Sequence[float] = ()) -> Floats:
    """The latencies that the judge's streams count by, and `extra` ones; blue's usual latencies are known."""
    slow = [latency_at(service, share) for share in LATENCY_SHARES]
    cuts = {
        *slow,
        *(plan.latency_noise * at for at in slow),
        plan.latency_tolerance * latency_at(service, TOLERANCE_SHARE),
        *extra,
    }
    return np.array(sorted(cuts))


def judge_counts(plan: JudgePlan, service: Service, block: Block) -> Mapping[str, Counts]:
    """What the judge's streams count in a simulated block."""
    green, blue = block.green, block.blue

    def slower(share: float, factor: float) -> Counts:
        at = latency_at(service, share)
        hits = (_above(green.latencies, block.edges, factor * at), _above(blue.latencies, block.edges, at))
        return Counts(green.requests, hits[0], blue.requests, hits[1])

    found = {"errors": Counts(green.requests, green.failed, blue.requests, blue.failed)}
    for share in LATENCY_SHARES:
        found[f"slow {share:g}"] = slower(share, plan.latency_noise)
    found["slow beyond tolerance"] = slower(TOLERANCE_SHARE, plan.latency_tolerance)
    return {**found, **_score_counts(green, blue)} if plan.watches_scores else found


def _score_counts(green: FleetBlock, blue: FleetBlock) -> dict[str, Counts]:
    scored = green.requests - green.failed, blue.requests - blue.failed
    halves = [_above(fleet.scores, RANK_CUTS, SCORE_RANKS[1]) for fleet in (green, blue)]
    inner = [
        _above(fleet.scores, RANK_CUTS, SCORE_RANKS[0]) - _above(fleet.scores, RANK_CUTS, SCORE_RANKS[2])
        for fleet in (green, blue)
    ]
    return {
        "upper half": Counts(scored[0], halves[0], scored[1], halves[1]),
        "tails": Counts(scored[0], scored[0] - inner[0], scored[1], scored[1] - inner[1]),
    }


def _above(histogram: NDArray[np.int64], edges: Floats, limit: float) -> Floats:
    first = int(np.argmin(np.abs(edges - limit))) + 1
    total: Floats = histogram[:, first:].sum(axis=1).astype(np.float64)
    return total
