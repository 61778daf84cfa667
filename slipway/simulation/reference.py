"""The hours before a simulated rollout: how much more the old fleet's counts vary than by chance."""

import numpy as np

from slipway.canary.config import Tolerances
from slipway.canary.observation.history import HISTORY_SECONDS
from slipway.canary.statistics.dispersion import AT_FIRST, MINUTE, UNKNOWN, Windows, dispersions, promotion_dispersions
from slipway.canary.statistics.streams import streams
from slipway.simulation.service import Floats
from slipway.simulation.stream_counts import latency_edges, stream_counts
from slipway.simulation.traffic import Block, Traffic

_WINDOW_SECONDS = 30
"""The servers report every ten; the halves of minutes are what is longest compared within one."""
_DRAWN = 100


def reference_dispersions(tolerances: Tolerances, traffic: Traffic, *, most: int = _DRAWN) -> dict[str, Floats]:
    """By stream, a row a rollout, as the analysis function takes them from CloudWatch.

    Args:
        tolerances: of the analysis.
        traffic: of the rollouts that follow.
        most: histories are drawn; more rollouts share them, since one takes as long as a rollout's own blocks.
    """
    edges = latency_edges(tolerances, traffic.service)
    drawn = min(most, traffic.rollouts)
    hour = traffic.history(HISTORY_SECONDS, every=_WINDOW_SECONDS, rollouts=drawn, edges=edges)
    blocks = [Block(0, edges, fleet, fleet) for fleet in hour]
    counted = [stream_counts(tolerances, traffic.service, block, block) for block in blocks]
    windows_by_stream = {}
    for stream in streams(tolerances):
        counts = [each[stream.name] for each in counted]
        windows = Windows([c.blue_requests for c in counts], [c.blue_hits for c in counts], _WINDOW_SECONDS)
        windows_by_stream[stream.name] = (
            windows if stream.reported_by_servers else windows.joined(MINUTE // _WINDOW_SECONDS)
        )
    known = dispersions(windows_by_stream)
    found = {name: np.where(of > 0, of, UNKNOWN.get(name.removesuffix(AT_FIRST), 1.0)) for name, of in known.items()}
    found |= {name: np.asarray(of) for name, of in promotion_dispersions(windows_by_stream).items()}
    return {name: np.resize(of, traffic.rollouts) for name, of in found.items()}
