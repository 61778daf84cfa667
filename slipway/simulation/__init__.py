"""Simulated rollouts: seeded traffic of a made-up service, analysed as in a real rollout."""

from slipway.simulation.analysed_rollouts import POLL_SECONDS, PollingPlan, SimulatedResults, analyse_rollouts
from slipway.simulation.reference import reference_dispersions
from slipway.simulation.service import Fault, Service, latency_at
from slipway.simulation.stream_counts import latency_edges, stream_counts
from slipway.simulation.traffic import RANK_CUTS, Block, FleetBlock, Traffic

__all__ = [
    "POLL_SECONDS",
    "RANK_CUTS",
    "Block",
    "Fault",
    "FleetBlock",
    "PollingPlan",
    "Service",
    "SimulatedResults",
    "Traffic",
    "analyse_rollouts",
    "latency_at",
    "latency_edges",
    "reference_dispersions",
    "stream_counts",
]
