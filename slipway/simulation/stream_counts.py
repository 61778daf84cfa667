"""What the streams of a canary analysis count in a simulated block."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from slipway.canary.config import Tolerances
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.streams import LATENCY_SHARES, SCORE_RANKS, SERVED, TOLERANCE_SHARE
from slipway.simulation.service import Floats, Service, latency_at
from slipway.simulation.traffic import RANK_CUTS, Block, FleetBlock


def latency_edges(tolerances: Tolerances, service: Service, extra: Sequence[float] = ()) -> Floats:
    """The latencies that the streams count by, and `extra` ones; blue's usual latencies are known."""
    slow = [latency_at(service, share) for share in LATENCY_SHARES]
    cuts = {
        *slow,
        *(tolerances.latency_noise * at for at in slow),
        tolerances.latency_tolerance * latency_at(service, TOLERANCE_SHARE),
        *extra,
    }
    return np.array(sorted(cuts))


def stream_counts(
    tolerances: Tolerances, service: Service, block: Block, minute: Block | None = None
) -> Mapping[str, Counts]:
    """What the streams count in a simulated block; SageMaker reports its own counts when a `minute` is over."""
    served = _request_counts(tolerances, service, block)
    nothing = Counts(*(np.zeros_like(block.green.requests),) * 4)
    found = _request_counts(tolerances, service, minute) if minute else dict.fromkeys(served, nothing)
    found |= {SERVED + name: counts for name, counts in served.items()}
    return {**found, **_score_counts(block.green, block.blue)} if tolerances.watches_scores else found


def _request_counts(tolerances: Tolerances, service: Service, block: Block) -> dict[str, Counts]:
    green, blue = block.green, block.blue

    def slower(share: float, factor: float) -> Counts:
        at = latency_at(service, share)
        hits = (_above(green.latencies, block.edges, factor * at), _above(blue.latencies, block.edges, at))
        return Counts(green.requests, hits[0], blue.requests, hits[1])

    found = {"errors": Counts(green.requests, green.failed, blue.requests, blue.failed)}
    for share in LATENCY_SHARES:
        found[f"slow {share:g}"] = slower(share, tolerances.latency_noise)
    found["slow beyond tolerance"] = slower(TOLERANCE_SHARE, tolerances.latency_tolerance)
    return found


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
