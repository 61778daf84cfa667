"""Simulated rollouts: seeded traffic of a made-up service, judged as the real one is."""

from slipway.simulation.reference import reference_dispersions
from slipway.simulation.rollouts import LOOK_SECONDS, Outcomes, Watch, judge_rollouts
from slipway.simulation.service import Fault, Service, latency_at
from slipway.simulation.traffic import RANK_CUTS, Block, FleetBlock, Traffic, judge_counts, judge_edges

__all__ = [
    "LOOK_SECONDS",
    "RANK_CUTS",
    "Block",
    "Fault",
    "FleetBlock",
    "Outcomes",
    "Service",
    "Traffic",
    "Watch",
    "judge_counts",
    "judge_edges",
    "judge_rollouts",
    "latency_at",
    "reference_dispersions",
]
