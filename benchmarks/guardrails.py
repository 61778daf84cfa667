"""Who stops a bad model, and who stops a good one: our judge beside its peers over the same simulated rollouts.

Usage: python benchmarks/guardrails.py [--rollouts 2000] [--seed 20261122] [--json FILE]

Every rollout is a canary of 25 % for 10 minutes, beside 75 % on the old fleet, under one fault and one traffic rate.
All judges see the same requests. Error rate, latency and the mix of users wander from minute to minute for both fleets;
two healthy fleets differ by 2 % in latency; the score ranks of the new model come from 2,440 rows.

  sequential        ours: the contract gate, then a judge that looks every 10 s at what the servers tell of their
                    requests, and once a minute at what SageMaker tells of the same; without a verdict after 10 minutes
                    it goes on at 25 %, for an hour at most
  sequential_without_gate
                    the judge alone, where the gate makes a difference
  sequential_alarm  ours, and beside it the alarm on errors that every use case has, with its defaults (above 5 % of a
                    minute's answers, of 20 at least, and 5 errors at least), all through the hour; the first to object
                    counts
  sequential_shipped
                    ours as a use case gets it by default: SageMaker cannot bake longer, so the verdict is due 120 s
                    before the 10 minutes end, and a model without one is sent back (without_evidence, a part of
                    false_rollback); judge and alarm on errors may send it back until the bake ends
  sequential_minute ours without the gate and by SageMaker's metrics alone, once a minute
  static_alarms     CloudWatch alarms a minute long: errors above 1 % or p99 latency above twice the usual
  static_alarms_5   the same with errors above 5 %
  aws_sample        the same with errors as AWS's samples write "1 %": Average >= 1
  mann_whitney      as Kayenta's judge (tolerance 0.25, confidence 0.98) on minutes of errors, p99 latency and mean
                    score rank, after 5 and 10 minutes; any metric can fail the canary
  fixed_thresholds  as Flagger's: each minute success >= 99 % and p99 <= twice the usual; five failed checks roll back
  clairvoyant       a yardstick, no judge to be had: told the fault and all that wanders, this minute's and this fleet's
                    too, it takes the sequential likelihood-ratio test of the new fleet's blocks of 10 s (latencies to
                    within a bin), with the limit that 1 % of other healthy rollouts exceed in 10 minutes

Left out of ours are the replay gate and the alarms on latency (its default is in milliseconds, this service has no
unit) and on shifted inputs and scores. A verdict counts at once; SageMaker acts on it when its alarm is looked at.
Metrics are there at once, the peers' too.

The broken schema is a contract with two columns exchanged. The gate, which runs here, refuses it before any user: 0
exposed after 0 s; if it ever passed, ours would be the judge's figures. All others meet it as 100 points of errors.

false_rollback: healthy rollouts sent back. missed: faulty ones not sent back within the hour; of these the judge
`promoted` some, and had no verdict on the others. exposed: answers of the faulty model within the hour, all requests
after a promotion included. A cell is detectable where a likelihood-ratio test that knows both distributions
and looks once, at the end of the 10 minutes, would be right 19 times in 20 at a false alarm rate of 1 %.
In the cells with bursts failed answers come ten in a row, in either fleet; our judge stands alone there, since the
clairvoyant and what is detectable take requests for independent.
least_exposed: the median exposure that no judge of these blocks with at most 1 % of false rollbacks can go below, told
by the likelihood ratio that the clairvoyant uses (Neyman and Pearson; `blueprint.simulation.clairvoyant`).
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import repeat
from operator import add
from pathlib import Path
from typing import Any

import numpy as np

from blueprint.settings.judge import Judge
from blueprint.simulation import (
    LOOK_SECONDS,
    Block,
    Fault,
    Outcomes,
    Service,
    Traffic,
    Watch,
    judge_edges,
    judge_rollouts,
    latency_at,
    reference_dispersions,
)
from blueprint.simulation.clairvoyant import Ratios, least_exposed, stopped_after
from blueprint.simulation.detectability import Canary, single_look_power
from blueprint.simulation.error_alarm import AlarmWatch, ErrorAlarm
from blueprint.simulation.peers import MINUTE, Minutes, fixed_thresholds, mann_whitney, minutes, static_alarms
from blueprint.simulation.service import Floats
from blueprint.simulation.shipped import Ending, Shipped, roll_out
from blueprint.verdicts import JudgePlan, Verdict
from pipeline_steps.gates.compatibility import compare
from pipeline_steps.models.columns import CategoryColumn, NumberColumn
from pipeline_steps.models.contract import Contract

SHARE, BAKE_SECONDS, WINDOW_SECONDS = 0.25, 600, 3600
RATES = (0.2, 1.0, 5.0, 20.0, 100.0)
FALSE_ROLLBACK_RATE = 0.01
CALIBRATION = 2
"""Healthy rollouts that set the clairvoyant's limits, as a multiple of those judged."""
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
PLAN = JudgePlan(baseline_rows=SERVICE.baseline_rows, watches_servers=True)
WATCH = Watch(((SHARE, BAKE_SECONDS),), WINDOW_SECONDS)
SHIPPED = Shipped(((SHARE, BAKE_SECONDS),), ErrorAlarm(), PLAN, decide_seconds=Judge().decide_seconds)
BURSTY, IN_BURSTS = replace(SERVICE, bursts=(10, 1, 1)), ", in bursts of 10"
BURST_FAULTS, BURST_RATES = (FAULTS[0], FAULTS[2]), RATES[1:]
SLOW = 2 * latency_at(SERVICE, 0.01)
EDGES = judge_edges(PLAN, SERVICE, [SLOW, *np.geomspace(0.3, 30, 24)])

PEERS: dict[str, Callable[[Minutes, Minutes], Floats]] = {
    "static_alarms": partial(static_alarms, slow=SLOW, errors=0.01, comparison="GreaterThanThreshold"),
    "static_alarms_5": partial(static_alarms, slow=SLOW, errors=0.05, comparison="GreaterThanThreshold"),
    "aws_sample": partial(static_alarms, slow=SLOW, errors=1.0, comparison="GreaterThanOrEqualToThreshold"),
    "mann_whitney": mann_whitney,
    "fixed_thresholds": partial(fixed_thresholds, slow=SLOW),
}


OURS = ("sequential", "sequential_alarm", "sequential_minute")
JUDGES = (*OURS, "sequential_shipped", "sequential_without_gate", *PEERS, "clairvoyant")


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
        for _ in range(BAKE_SECONDS // LOOK_SECONDS):
            block = traffic.draw(LOOK_SECONDS, green_share=SHARE, edges=EDGES)
            requests.append(block.green.requests)
            for fault in faulty:
                logs[fault.name].append(traffic.log_ratio(block, fault))
        return cls({name: Ratios.of(found, requests) for name, found in logs.items()})


def contract_refusals() -> tuple[str, ...]:
    """Why the contract gate refuses a candidate that has two columns of the champion's in each other's place."""
    columns = (
        NumberColumn("visits", 0.0, 40.0, missing=False),
        NumberColumn("spend", 0.0, 900.0, missing=True),
        CategoryColumn("month", ("Feb", "May", "Nov"), other_code=3, accepts_unknown=True, missing=False),
    )
    champion = Contract(columns, target="bought", positive_label="yes", threshold=0.5, algorithm="boosted")
    candidate = replace(champion, columns=(columns[1], columns[0], columns[2]))
    outputs = champion.to_document()["output"], candidate.to_document()["output"]
    return compare(champion, candidate, outputs=outputs).reasons


def measure(
    fault: Fault, rate: float, healthy: Ratios | None, *, rollouts: int, seed: int, refused: bool
) -> list[dict[str, Any]]:
    """One cell: a row for each judge; `refused` is what the contract gate says of the broken schema."""
    rng = np.random.default_rng([seed, FAULTS.index(fault), RATES.index(rate)])
    traffic = Traffic(SERVICE, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    blocks, logs = [], []
    for _ in range(BAKE_SECONDS // LOOK_SECONDS):
        blocks.append(traffic.draw(LOOK_SECONDS, green_share=SHARE, edges=EDGES))
        logs.append(traffic.log_ratio(blocks[-1], fault))
    ratios = Ratios.of(logs, [block.green.requests for block in blocks])
    facts = {
        "fault": fault.name,
        "requests_per_second": rate,
        "rollouts": rollouts,
        "detectable": None if fault.healthy else bool(_power(fault, rate, rng) >= 0.95),
        "least_exposed": None if healthy is None else _finite(_least_exposed(healthy, ratios)),
    }
    refused = refused and fault == BROKEN_SCHEMA
    past = reference_dispersions(PLAN, traffic)
    shipped = roll_out(SHIPPED, deepcopy(traffic), blocks, dispersion=past)
    ended = _ours(traffic, blocks, past, refused=refused)
    ended["sequential_shipped"] = _refused(len(shipped.how)) if refused else shipped.outcomes()
    green, blue = minutes([b.green for b in blocks], EDGES), minutes([b.blue for b in blocks], EDGES)
    for name, judge in PEERS.items():
        ended[name] = _peer_outcomes(judge(green, blue), green.requests.cumsum(axis=1), MINUTE)
    if healthy is not None:
        stopped = stopped_after(healthy, ratios, false_rollback_rate=FALSE_ROLLBACK_RATE)
        ended["clairvoyant"] = _peer_outcomes(stopped, ratios.requests, LOOK_SECONDS)
    rows = {name: row(name, outcomes, fault, facts) for name, outcomes in ended.items()}
    rows["sequential_shipped"]["without_evidence"] = 0.0 if refused else shipped.share(Ending.WITHOUT_EVIDENCE)
    return list(rows.values())


def measure_bursts(fault: Fault, rate: float, *, rollouts: int, seed: int) -> dict[str, Any]:
    """One cell where failed answers come in bursts."""
    rng = np.random.default_rng([seed, len(FAULTS) + 2 + BURST_FAULTS.index(fault), RATES.index(rate)])
    traffic = Traffic(BURSTY, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    facts = {"fault": fault.name + IN_BURSTS, "requests_per_second": rate, "rollouts": rollouts}
    unknown = {"detectable": None, "least_exposed": None}
    return row(OURS[0], judge_rollouts(PLAN, WATCH, traffic), fault, {**facts, **unknown})


def _ours(traffic: Traffic, blocks: list[Block], past: dict[str, Floats], *, refused: bool) -> dict[str, Outcomes]:
    by_minute = [reduce(add, blocks[at : at + _LOOKS]) for at in range(0, len(blocks), _LOOKS)]
    watch = replace(WATCH, look_seconds=MINUTE)
    slower = judge_rollouts(replace(PLAN, watches_servers=False), watch, deepcopy(traffic), by_minute, dispersion=past)
    alarm = AlarmWatch(ErrorAlarm(), traffic.rollouts)
    judged = judge_rollouts(PLAN, WATCH, traffic, blocks, dispersion=past, beside=alarm.see)
    ended = dict(zip(OURS, (judged, alarm.before(judged), slower), strict=True))
    if refused:
        gate = _refused(len(judged.seconds))
        ended |= {"sequential": gate, "sequential_alarm": gate, "sequential_without_gate": judged}
    return ended


def _refused(rollouts: int) -> Outcomes:
    """By the gate, before any user."""
    nobody = np.zeros(rollouts)
    return Outcomes(np.full(rollouts, int(Verdict.ROLL_BACK)), nobody, nobody)


_LOOKS = MINUTE // LOOK_SECONDS


def _power(fault: Fault, rate: float, rng: np.random.Generator) -> float:
    canary = Canary(SERVICE, EDGES, requests_per_second=rate, green_share=SHARE, seconds=BAKE_SECONDS)
    return single_look_power(canary, fault, false_rollback_rate=FALSE_ROLLBACK_RATE, rng=rng)


def _least_exposed(healthy: Ratios, ratios: Ratios) -> float:
    return least_exposed(healthy, ratios, false_rollback_rate=FALSE_ROLLBACK_RATE)


def _finite(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if np.isfinite(value) else None


def _peer_outcomes(stopped: Floats, requests: Floats, step: int) -> Outcomes:
    """Peers promote at the end of the bake whatever they did not stop; `requests` are counted up, a column a step."""
    seconds = np.minimum(stopped, BAKE_SECONDS)
    until = requests[np.arange(len(requests)), (seconds / step).astype(int) - 1]
    verdicts = np.where(np.isfinite(stopped), int(Verdict.ROLL_BACK), int(Verdict.PROMOTE))
    return Outcomes(verdicts, seconds, until)


def row(judge: str, outcomes: Outcomes, fault: Fault, facts: dict[str, Any]) -> dict[str, Any]:
    promoted = outcomes.verdicts == Verdict.PROMOTE
    after = facts["requests_per_second"] * (WINDOW_SECONDS - outcomes.seconds)
    exposed = outcomes.green_requests + np.where(promoted, after, 0.0)
    sent_back = outcomes.share(Verdict.ROLL_BACK)
    return {
        "judge": judge,
        **facts,
        "false_rollback": sent_back if fault.healthy else None,
        "missed": None if fault.healthy else 1 - sent_back,
        "promoted": outcomes.share(Verdict.PROMOTE),
        "exposed_median": None if fault.healthy else float(np.median(exposed)),
        "seconds_median": float(np.median(outcomes.seconds)),
    }


def tell(rows: list[dict[str, Any]]) -> None:
    for rate in RATES:
        print(f"\n{rate:g} requests/s    false rollbacks or missed, % / exposed, median / seconds, median")
        print(f"{'':20}" + "".join(f"{judge:>24}" for judge in JUDGES))
        for fault in FAULTS:
            cells = {r["judge"]: r for r in rows if r["fault"] == fault.name and r["requests_per_second"] == rate}
            mark = "" if cells["sequential"]["detectable"] is not False else " *"
            told = (_cell(cells[judge]) if judge in cells else "-" for judge in JUDGES)
            print(f"{fault.name + mark:20}" + "".join(f"{text:>24}" for text in told))
    print("\n* not detectable within the bake; healthy cells show promotions instead of exposure")
    print("\nerrors in bursts of 10, sequential:  false rollbacks or missed, % / exposed, median / seconds, median")
    for cell in (r for r in rows if r["fault"].endswith(IN_BURSTS)):
        print(f"{_place(cell):44}{_cell(cell):>24}")
    for judge in OURS:
        _tell_goals(judge, rows, in_full=judge == OURS[0])
    print("\nsequential_shipped\nhealthy models sent back, and for lack of evidence alone, at each rate:")
    for r in (r for r in rows if r["judge"] == "sequential_shipped" and r["fault"] == "healthy"):
        print(f"  {r['requests_per_second']:5g}/s {r['false_rollback']:8.1%} {r['without_evidence']:8.1%}")


def _tell_goals(judge: str, rows: list[dict[str, Any]], *, in_full: bool) -> None:
    ours = [r for r in rows if r["judge"] == judge]
    worst = max(r["false_rollback"] for r in ours if r["fault"] == "healthy")
    print(
        f"\n{judge}\nfalse rollbacks <= 1 %: worst cell {100 * worst:.2f} % ({'met' if worst <= 0.01 else 'NOT met'})"
    )
    found = [r for r in ours if r["detectable"]]
    missed = [f"{_place(r)}: {100 * r['missed']:.1f} %" for r in found if r["missed"] > 0.05]
    print(f"misses <= 5 %: met in {len(found) - len(missed)} of {len(found)} detectable cells {'; '.join(missed)}")
    for peer in ("static_alarms", "static_alarms_5", "aws_sample"):
        wrong = {r["requests_per_second"] for r in rows if r["judge"] == peer and (r["false_rollback"] or 0) > 0.01}
        sound = [r for r in found if r["requests_per_second"] not in wrong]
        unmet = _exposed_more(found, rows, peer)
        _tell_exposed(f"exposed <= half of {peer}'s", found, unmet)
        if in_full:
            for place, told in unmet.items():
                print(f"  not met: {place}: {told}")
        _tell_exposed(f"the same where {peer} keeps false rollbacks <= 1 %", sound, _exposed_more(sound, rows, peer))


ANY_JUDGE, CLAIRVOYANT, OPEN = "beyond any judge with 1 % of false rollbacks", "beyond the clairvoyant", "open"


def _tell_exposed(goal: str, cells: list[dict[str, Any]], unmet: dict[str, str]) -> None:
    reasons = (ANY_JUDGE, CLAIRVOYANT, OPEN)
    counted = ", ".join(f"{sum(told.endswith(reason) for told in unmet.values())} {reason}" for reason in reasons)
    print(f"{goal}: met in {len(cells) - len(unmet)} of {len(cells)} detectable cells; of the others {counted}")


def _exposed_more(found: list[dict[str, Any]], rows: list[dict[str, Any]], peer: str) -> dict[str, str]:
    """Where we expose more than half as many, and whether any judge could expose fewer."""
    theirs, best = (_exposed(rows, judge) for judge in (peer, "clairvoyant"))
    told = {}
    for r in found:
        other, known = (judge[r["fault"], r["requests_per_second"]] for judge in (theirs, best))
        if r["exposed_median"] > other / 2:
            least = np.inf if r["least_exposed"] is None else r["least_exposed"]
            reach = ANY_JUDGE if least > other / 2 else CLAIRVOYANT if known > other / 2 else OPEN
            figures = f"{r['exposed_median']:,.0f} against {other:,.0f}, clairvoyant {known:,.0f}, least {least:,.0f}"
            told[_place(r)] = f"{figures}: {reach}"
    return told


def _exposed(rows: list[dict[str, Any]], judge: str) -> dict[tuple[str, float], float]:
    return {(r["fault"], r["requests_per_second"]): r["exposed_median"] for r in rows if r["judge"] == judge}


def _place(r: dict[str, Any]) -> str:
    return f"{r['fault']} at {r['requests_per_second']:g}/s"


def _cell(r: dict[str, Any]) -> str:
    if r["missed"] is None:
        return f"{100 * r['false_rollback']:.1f} / {100 * r['promoted']:.0f} % / {r['seconds_median']:.0f}"
    return f"{100 * r['missed']:.1f} / {r['exposed_median']:,.0f} / {r['seconds_median']:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=2000, help="a cell (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--json", type=Path, help="write the rows here")
    arguments = parser.parse_args()
    if arguments.rollouts < 1 or arguments.seed < 0:
        parser.error("--rollouts must be at least 1 and --seed at least 0")
    started = time.monotonic()
    refused = bool(contract_refusals())
    one_cell = partial(measure, rollouts=arguments.rollouts, seed=arguments.seed, refused=refused)
    calibrate = partial(Calibration.at, rollouts=CALIBRATION * arguments.rollouts, seed=arguments.seed)
    in_bursts = partial(measure_bursts, rollouts=arguments.rollouts, seed=arguments.seed)
    rows: list[dict[str, Any]] = []
    with ProcessPoolExecutor(max_workers=2) as pool:
        for rate, calibration in zip(RATES, pool.map(calibrate, RATES), strict=True):
            healthy = [calibration.ratios.get(fault.name) for fault in FAULTS]
            for cell in pool.map(one_cell, FAULTS, repeat(rate), healthy):
                rows.extend(cell)
        cells = [(fault, rate) for rate in BURST_RATES for fault in BURST_FAULTS]
        rows.extend(pool.map(in_bursts, *zip(*cells, strict=True)))
    tell(rows)
    sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
