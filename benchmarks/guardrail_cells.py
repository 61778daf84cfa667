"""What `benchmarks/guardrails.py` measures: simulated rollouts under one fault and one traffic rate, by each method."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import add
from typing import Any

import numpy as np

from benchmarks.clairvoyant import Ratios, least_exposed, stopped_after
from benchmarks.detectability import Canary, single_look_power
from benchmarks.peers import MINUTE, Minutes, fixed_thresholds, mann_whitney, minutes, static_alarms
from pipeline_steps.artifact.contract import Contract
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.gates.compatibility import compare
from slipway.canary.config import Tolerances
from slipway.canary.statistics.evidence import Decision
from slipway.settings.canary_analysis import CanaryAnalysis
from slipway.settings.rollout import Rollout
from slipway.simulation import (
    POLL_SECONDS,
    Block,
    Fault,
    PollingPlan,
    Service,
    SimulatedResults,
    Traffic,
    analyse_rollouts,
    latency_at,
    latency_edges,
    reference_dispersions,
)
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, roll_out
from slipway.simulation.error_alarm import ErrorAlarm, SimulatedErrorAlarm
from slipway.simulation.service import Floats

SHARE, BAKE_SECONDS, WINDOW_SECONDS = 0.25, 600, 3600
RATES = (0.2, 1.0, 5.0, 20.0, 100.0)
FALSE_ROLLBACK_RATE = 0.01
CALIBRATION = 2
"""Healthy rollouts that set the clairvoyant's limits, as a multiple of those analysed."""
BROKEN_SCHEMA = Fault("broken schema", error_points=100.0)
FAULTS = (
    Fault("healthy"),
    Fault("errors +0.5 points", error_points=0.5),
    Fault("errors +1 point", error_points=1.0),
    Fault("errors +2 points", error_points=2.0),
    Fault("latency x1.5", latency_factor=1.5),
    Fault("latency x3", latency_factor=3.0),
    Fault("scores, AUC -0.02", auc_loss=0.02),
    Fault("scores, AUC -0.05", auc_loss=0.05),
    BROKEN_SCHEMA,
)
SERVICE = Service()
GRACE_SECONDS = Rollout(bake_seconds=BAKE_SECONDS).grace_seconds
TOLERANCES = Tolerances(baseline_rows=SERVICE.baseline_rows, watches_servers=True, warm_up_seconds=GRACE_SECONDS)
POLLS = PollingPlan(((SHARE, BAKE_SECONDS),), WINDOW_SECONDS)
CONFIGURED = ConfiguredRollout(
    ((SHARE, BAKE_SECONDS),), ErrorAlarm(), TOLERANCES, decide_seconds=CanaryAnalysis().decide_seconds
)
BURSTY, IN_BURSTS = replace(SERVICE, bursts=(10, 1, 1)), ", in bursts of 10"
BURST_FAULTS, BURST_RATES = (FAULTS[0], FAULTS[2]), RATES[1:]
COLD, WITHOUT_GRACE = (
    (Fault("cold, x3 for 10 s", cold=(10, 3.0)), Fault("cold, x1.5 for 60 s", cold=(60, 1.5))),
    ", no grace",
)
COLD_RATES = RATES[2:]
ERROR_RATES = (0.005, 0.02, 0.04)
SLOW = 2 * latency_at(SERVICE, 0.01)
EDGES = latency_edges(TOLERANCES, SERVICE, [SLOW, *np.geomspace(0.3, 30, 24)])

PEERS: dict[str, Callable[[Minutes, Minutes], Floats]] = {
    "static_alarms": partial(static_alarms, slow=SLOW, errors=0.01, comparison="GreaterThanThreshold"),
    "static_alarms_5": partial(static_alarms, slow=SLOW, errors=0.05, comparison="GreaterThanThreshold"),
    "aws_sample": partial(static_alarms, slow=SLOW, errors=1.0, comparison="GreaterThanOrEqualToThreshold"),
    "mann_whitney": mann_whitney,
    "fixed_thresholds": partial(fixed_thresholds, slow=SLOW),
}

OURS = ("sequential", "sequential_alarm", "sequential_minute")
METHODS = (*OURS, "sequential_shipped", "sequential_without_gate", *PEERS, "clairvoyant")


@dataclass(frozen=True)
class Calibration:
    """Healthy rollouts at one rate, by which the clairvoyant sets its limits: its ratios for each fault by name."""

    ratios: dict[str, Ratios]

    @classmethod
    def at(cls, rate: float, *, rollouts: int, seed: int) -> "Calibration":
        rng = np.random.default_rng([seed, len(FAULTS), RATES.index(rate)])
        traffic = Traffic(SERVICE, Fault(), requests_per_second=rate, rollouts=rollouts, rng=rng)
        faulty = [fault for fault in FAULTS if not fault.healthy]
        logs: dict[str, list[Floats]] = {fault.name: [] for fault in faulty}
        requests = []
        for _ in range(BAKE_SECONDS // POLL_SECONDS):
            block = traffic.draw(POLL_SECONDS, green_share=SHARE, edges=EDGES)
            requests.append(block.green.requests)
            for fault in faulty:
                logs[fault.name].append(traffic.log_ratio(block, fault))
        return cls({name: Ratios.of(found, requests) for name, found in logs.items()})


def contract_rejections() -> tuple[str, ...]:
    """Why the contract gate refuses a candidate that has two columns of the champion's in each other's place."""
    columns = (
        NumberColumn("visits", 0.0, 40.0, missing=False),
        NumberColumn("spend", 0.0, 900.0, missing=True),
        CategoryColumn("month", ("Feb", "May", "Nov"), other_code=3, accepts_unknown=True, missing=False),
    )
    champion = Contract(
        columns=columns,
        problem_name="binary",
        target="bought",
        positive_label="yes",
        decision={"threshold": 0.5},
        output={"name": "score", "meaning": "probability of yes"},
        algorithm="boosted",
    )
    candidate = replace(champion, columns=(columns[1], columns[0], columns[2]))
    outputs = champion.to_document()["output"], candidate.to_document()["output"]
    return compare(champion, candidate, outputs=outputs).reasons


def measure(
    fault: Fault, rate: float, healthy: Ratios | None, *, rollouts: int, seed: int, rejected: bool
) -> list[dict[str, Any]]:
    """One cell: a row for each method; `rejected`: whether the contract gate rejects the broken schema."""
    rng = np.random.default_rng([seed, FAULTS.index(fault), RATES.index(rate)])
    traffic = Traffic(SERVICE, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    blocks, logs = [], []
    for _ in range(BAKE_SECONDS // POLL_SECONDS):
        blocks.append(traffic.draw(POLL_SECONDS, green_share=SHARE, edges=EDGES))
        logs.append(traffic.log_ratio(blocks[-1], fault))
    ratios = Ratios.of(logs, [block.green.requests for block in blocks])
    facts = {
        "fault": fault.name,
        "requests_per_second": rate,
        "rollouts": rollouts,
        "detectable": None if fault.healthy else bool(_power(fault, rate, rng) >= 0.95),
        "least_exposed": None if healthy is None else _finite(_least_exposed(healthy, ratios)),
    }
    rejected = rejected and fault == BROKEN_SCHEMA
    dispersion = reference_dispersions(TOLERANCES, traffic)
    configured = roll_out(CONFIGURED, deepcopy(traffic), blocks, dispersion=dispersion)
    ended = _ours(traffic, blocks, dispersion, rejected=rejected)
    ended["sequential_shipped"] = _rejected(len(configured.how)) if rejected else configured.results()
    green, blue = minutes([b.green for b in blocks], EDGES), minutes([b.blue for b in blocks], EDGES)
    for name, peer in PEERS.items():
        ended[name] = _peer_results(peer(green, blue), green.requests.cumsum(axis=1), MINUTE)
    if healthy is not None:
        stopped = stopped_after(healthy, ratios, false_rollback_rate=FALSE_ROLLBACK_RATE)
        ended["clairvoyant"] = _peer_results(stopped, ratios.requests, POLL_SECONDS)
    rows = {name: row(name, results, fault, facts) for name, results in ended.items()}
    rows["sequential_shipped"]["without_evidence"] = 0.0 if rejected else configured.share(Ending.WITHOUT_EVIDENCE)
    return list(rows.values())


def measure_bursts(fault: Fault, rate: float, *, rollouts: int, seed: int) -> dict[str, Any]:
    """One cell where failed answers come in bursts."""
    rng = np.random.default_rng([seed, len(FAULTS) + 2 + BURST_FAULTS.index(fault), RATES.index(rate)])
    traffic = Traffic(BURSTY, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    facts = {"fault": fault.name + IN_BURSTS, "requests_per_second": rate, "rollouts": rollouts}
    unknown = {"detectable": None, "least_exposed": None}
    return row(OURS[0], analyse_rollouts(TOLERANCES, POLLS, traffic), fault, {**facts, **unknown})


def measure_cold(fault: Fault, rate: float, *, rollouts: int, seed: int) -> list[dict[str, Any]]:
    """One cell of good fleets that are slow at first: with the grace that a use case gets by default, and with none."""
    rows = []
    for name, tolerances in (
        (fault.name, TOLERANCES),
        (fault.name + WITHOUT_GRACE, replace(TOLERANCES, warm_up_seconds=0.0)),
    ):
        rng = np.random.default_rng([seed, len(FAULTS) + 4 + COLD.index(fault), RATES.index(rate)])
        traffic = Traffic(SERVICE, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
        facts = {"fault": name, "requests_per_second": rate, "rollouts": rollouts}
        results = analyse_rollouts(tolerances, POLLS, traffic)
        rows.append(row(OURS[0], results, fault, {**facts, "detectable": None, "least_exposed": None}))
    return rows


def measure_error_alarm(error_rate: float, rate: float, *, rollouts: int, seed: int) -> dict[str, Any]:
    """One cell of good fleets at an error rate of both: the alarm on errors alone, to the end of the last bake."""
    rng = np.random.default_rng([seed, len(FAULTS) + 6 + ERROR_RATES.index(error_rate), RATES.index(rate)])
    service = replace(SERVICE, error_rate=error_rate)
    traffic = Traffic(service, FAULTS[0], requests_per_second=rate, rollouts=rollouts, rng=rng)
    bakes = ((SHARE, BAKE_SECONDS), (1.0, Rollout().final_bake_seconds))
    results = roll_out(ConfiguredRollout(bakes, ErrorAlarm()), traffic).results()
    facts = {"fault": f"errors of both fleets {error_rate:.1%}", "requests_per_second": rate, "rollouts": rollouts}
    return row("error_alarm", results, FAULTS[0], {**facts, "detectable": None, "least_exposed": None})


def _ours(
    traffic: Traffic, blocks: list[Block], dispersion: dict[str, Floats], *, rejected: bool
) -> dict[str, SimulatedResults]:
    by_minute = [reduce(add, blocks[at : at + _POLLS]) for at in range(0, len(blocks), _POLLS)]
    polls = replace(POLLS, poll_seconds=MINUTE)
    slower = analyse_rollouts(
        replace(TOLERANCES, watches_servers=False), polls, deepcopy(traffic), by_minute, dispersion=dispersion
    )
    alarm = SimulatedErrorAlarm(ErrorAlarm(), traffic.rollouts)
    analysed = analyse_rollouts(TOLERANCES, POLLS, traffic, blocks, dispersion=dispersion, beside=alarm.see)
    ended = dict(zip(OURS, (analysed, alarm.before(analysed), slower), strict=True))
    if rejected:
        gate = _rejected(len(analysed.seconds))
        ended |= {"sequential": gate, "sequential_alarm": gate, "sequential_without_gate": analysed}
    return ended


def _rejected(rollouts: int) -> SimulatedResults:
    """By the gate, before any user."""
    no_requests = np.zeros(rollouts)
    return SimulatedResults(np.full(rollouts, int(Decision.ROLL_BACK)), no_requests, no_requests)


_POLLS = MINUTE // POLL_SECONDS


def _power(fault: Fault, rate: float, rng: np.random.Generator) -> float:
    canary = Canary(SERVICE, EDGES, requests_per_second=rate, green_share=SHARE, seconds=BAKE_SECONDS)
    return single_look_power(canary, fault, false_rollback_rate=FALSE_ROLLBACK_RATE, rng=rng)


def _least_exposed(healthy: Ratios, ratios: Ratios) -> float:
    return least_exposed(healthy, ratios, false_rollback_rate=FALSE_ROLLBACK_RATE)


def _finite(value: float) -> float | None:
    """JSON has no infinity."""
    return value if np.isfinite(value) else None


def _peer_results(stopped: Floats, requests: Floats, step: int) -> SimulatedResults:
    """Peers promote at the end of the bake whatever they did not stop; `requests` are counted up, a column a step."""
    seconds = np.minimum(stopped, BAKE_SECONDS)
    until = requests[np.arange(len(requests)), (seconds / step).astype(int) - 1]
    decisions = np.where(np.isfinite(stopped), int(Decision.ROLL_BACK), int(Decision.PROMOTE))
    return SimulatedResults(decisions, seconds, until)


def row(method: str, results: SimulatedResults, fault: Fault, facts: dict[str, Any]) -> dict[str, Any]:
    promoted = results.decisions == Decision.PROMOTE
    after = facts["requests_per_second"] * np.maximum(WINDOW_SECONDS - results.seconds, 0.0)
    exposed = results.green_requests + np.where(promoted, after, 0.0)
    rolled_back = results.share(Decision.ROLL_BACK)
    return {
        "method": method,
        **facts,
        "false_rollback": rolled_back if fault.healthy else None,
        "missed": None if fault.healthy else 1 - rolled_back,
        "promoted": results.share(Decision.PROMOTE),
        "exposed_median": None if fault.healthy else float(np.median(exposed)),
        "seconds_median": float(np.median(results.seconds)),
    }
