"""Whether a fault can be detected at all in a canary's responses."""

from dataclasses import dataclass, replace

import numpy as np

from slipway.simulation.service import Fault, Floats, Service, ranks, slower_than
from slipway.simulation.traffic import RANK_CUTS, Block, Traffic

_ROLLOUTS = 4000


@dataclass(frozen=True)
class Canary:
    """One bake: `edges` are the latencies to count by."""

    service: Service
    edges: Floats
    requests_per_second: float
    green_share: float
    seconds: int


def single_look_power(canary: Canary, fault: Fault, *, false_rollback_rate: float, rng: np.random.Generator) -> float:
    """How often a test with both distributions given, made once at the end, finds the fault; nothing varies."""
    calm = replace(canary.service, drift=(0.0, 0.0, 0.0), fleet_spread=0.0)
    ratios = []
    for drawn in (Fault(), fault):
        traffic = Traffic(calm, drawn, requests_per_second=canary.requests_per_second, rollouts=_ROLLOUTS, rng=rng)
        block = traffic.draw(canary.seconds, green_share=canary.green_share, edges=canary.edges)
        ratios.append(_log_ratio(calm, block, fault))
    return float(np.mean(ratios[1] > np.quantile(ratios[0], 1 - false_rollback_rate)))


def _log_ratio(service: Service, block: Block, fault: Fault) -> Floats:
    def masses(below: Floats) -> Floats:
        return np.maximum(np.diff(below, prepend=0.0, append=1.0), 1e-9)

    def log_masses(chosen: Fault) -> tuple[float, float, Floats, Floats]:
        rate = min(service.error_rate + chosen.error_points / 100, 1.0)
        latency = masses(1 - slower_than(service, block.edges, np.array(chosen.latency_factor)))
        score = masses(ranks(service, chosen.auc_loss).below(RANK_CUTS, np.array(service.positive_share)))
        return float(np.log(rate)), float(np.log(max(1 - rate, 1e-9))), np.log(latency), np.log(score)

    faulty, usual, green = log_masses(fault), log_masses(Fault()), block.green
    failed, good = faulty[0] - usual[0], faulty[1] - usual[1]
    latency, score = faulty[2] - usual[2], faulty[3] - usual[3]
    total: Floats = green.failed * failed + (green.requests - green.failed) * good
    return total + green.latencies @ latency + green.scores @ score
