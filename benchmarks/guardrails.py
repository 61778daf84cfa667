"""Who stops a bad model, and who stops a good one: our judge beside its peers over the same simulated rollouts.

Usage: python benchmarks/guardrails.py [--rollouts 2000] [--seed 20261122] [--json FILE]

Every rollout is a canary of 25 % for 10 minutes, beside 75 % on the old fleet, under one fault and one traffic rate.
All judges see the same requests. Error rate, latency and the mix of users wander from minute to minute for both fleets;
two healthy fleets differ by 2 % in latency; the score ranks of the new model come from 2,440 rows.

  sequential        ours: looks every 10 s; without a verdict after 10 minutes it goes on at 25 %, for an hour at most
  static_alarms     CloudWatch alarms a minute long: errors above 1 % or p99 latency above twice the usual
  static_alarms_5   the same with errors above 5 %
  aws_sample        the same with errors as AWS's samples write "1 %": Average >= 1
  mann_whitney      as Kayenta's judge (tolerance 0.25, confidence 0.98) on minutes of errors, p99 latency and mean
                    score rank, after 5 and 10 minutes; any metric can fail the canary
  fixed_thresholds  as Flagger's: each minute success >= 99 % and p99 <= twice the usual; five failed checks roll back

false_rollback: healthy rollouts sent back. missed: faulty ones not sent back within the hour; of these the judge
`promoted` some, and had no verdict on the others. exposed: answers of the faulty model within the hour, all requests
after a promotion included. A cell is detectable where a likelihood-ratio test that knows both distributions
and looks once, at the end of the 10 minutes, would be right 19 times in 20 at a false alarm rate of 1 %.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blueprint.alarms import AlarmRule, AlarmState, alarm_rule, evaluate
from blueprint.simulation import (
    LOOK_SECONDS,
    RANK_CUTS,
    Block,
    Fault,
    FleetBlock,
    Outcomes,
    Service,
    Traffic,
    Watch,
    judge_edges,
    judge_rollouts,
    latency_at,
)
from blueprint.simulation.service import ranks, slower_than
from blueprint.verdicts import JudgePlan, Verdict

Floats = NDArray[np.float64]

SHARE, BAKE_SECONDS, WINDOW_SECONDS, MINUTE = 0.25, 600, 3600, 60
RATES = (0.2, 1.0, 5.0, 20.0, 100.0)
FAULTS = (
    Fault("healthy"),
    Fault("errors +0.5 points", error_points=0.5),
    Fault("errors +1 point", error_points=1.0),
    Fault("errors +2 points", error_points=2.0),
    Fault("latency x1.5", latency_factor=1.5),
    Fault("latency x3", latency_factor=3.0),
    Fault("scores, AUC -0.02", auc_loss=0.02),
    Fault("scores, AUC -0.05", auc_loss=0.05),
    Fault("broken schema", error_points=100.0),
)
SERVICE = Service()
PLAN = JudgePlan(baseline_rows=SERVICE.baseline_rows)
WATCH = Watch(((SHARE, BAKE_SECONDS),), WINDOW_SECONDS)
SLOW = 2 * latency_at(SERVICE, 0.01)
EDGES = judge_edges(PLAN, SERVICE, [SLOW, *np.geomspace(0.3, 30, 24)])


@dataclass(frozen=True)
class Minutes:
    """One fleet's minutes, a row a rollout; nan where a minute has no request."""

    requests: Floats
    error_share: Floats
    latency_p99: Floats
    mean_rank: Floats


def minutes(fleets: list[FleetBlock]) -> Minutes:
    def summed(name: str) -> NDArray[Any]:
        blocks = np.stack([getattr(fleet, name) for fleet in fleets], axis=1)
        shape = (blocks.shape[0], -1, MINUTE // LOOK_SECONDS, *blocks.shape[2:])
        total: NDArray[Any] = blocks.reshape(shape).sum(axis=2)
        return total

    requests, failed, latencies, scores = (summed(n) for n in ("requests", "failed", "latencies", "scores"))
    middles = (np.arange(len(RANK_CUTS) + 1) + 0.5) / (len(RANK_CUTS) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        rank = scores @ middles / scores.sum(axis=2)
        return Minutes(requests, failed / requests, np.where(requests > 0, _p99(latencies), np.nan), rank)


def _p99(histogram: NDArray[np.int64]) -> Floats:
    """The 99th percentile to within a bin: the bin's geometric middle."""
    uppers = np.append(EDGES, EDGES[-1] * 1.2)
    lowers = np.insert(EDGES, 0, EDGES[0] / 1.2)
    cumulative = histogram.cumsum(axis=2)
    rank = np.ceil(0.99 * cumulative[..., -1:] - 1e-9)
    bins = (cumulative < rank).sum(axis=2)
    middle: Floats = np.sqrt(uppers * lowers)[np.minimum(bins, len(EDGES))]
    return middle


def static_alarms(green: Minutes, _blue: Minutes, *, errors: float, comparison: str) -> Floats:
    """The second at which either alarm goes off; inf if none does."""
    common = {
        "Namespace": "AWS/SageMaker",
        "Period": MINUTE,
        "EvaluationPeriods": 1,
        "TreatMissingData": "notBreaching",
    }
    rules = (
        alarm_rule(
            {
                **common,
                "AlarmName": "errors",
                "MetricName": "InvocationModelErrors",
                "Statistic": "Average",
                "Threshold": errors,
                "ComparisonOperator": comparison,
            }
        ),
        alarm_rule(
            {
                **common,
                "AlarmName": "latency",
                "MetricName": "ModelLatency",
                "ExtendedStatistic": "p99",
                "Threshold": SLOW,
                "ComparisonOperator": "GreaterThanThreshold",
            }
        ),
    )
    watched = zip(rules, (green.error_share, green.latency_p99), strict=True)
    alarmed = [[_first_alarm(rule, row) for row in series.tolist()] for rule, series in watched]
    first: Floats = np.array(alarmed).min(axis=0)
    return first


def _first_alarm(rule: AlarmRule, row: list[float]) -> float:
    state = AlarmState.INSUFFICIENT_DATA
    points = [None if value != value else value for value in row]  # noqa: PLR0124 nan alone is not itself
    for count in range(1, len(points) + 1):
        state = evaluate(rule, points[max(0, count - rule.evaluation_range) : count], state)
        if state is AlarmState.ALARM:
            return float(count * MINUTE)
    return np.inf


def mann_whitney(green: Minutes, blue: Minutes) -> Floats:
    """The second at which a metric is classified High (Low too for scores); inf if none is."""
    when = np.full(len(green.requests), np.inf)
    for count in (10, 5):
        high = np.zeros(len(when), dtype=bool)
        for name, either in (("error_share", False), ("latency_p99", False), ("mean_rank", True)):
            new, old = (getattr(fleet, name)[:, :count] for fleet in (green, blue))
            high |= _classified(new, old, either=either)
        when[high] = count * MINUTE
    return when


def _classified(new: Floats, old: Floats, *, either: bool) -> NDArray[np.bool_]:
    """Whether the 98 % interval of the Hodges-Lehmann shift lies beyond a quarter of its estimate."""
    differences = np.sort((new[:, :, None] - old[:, None, :]).reshape(len(new), -1), axis=1)
    m, n = (np.isfinite(x).sum(axis=1) for x in (new, old))
    pairs = m * n
    rows = np.arange(len(new))
    estimate = np.abs(differences[rows, np.maximum(pairs // 2, 0) % differences.shape[1]])
    reach = np.floor(pairs / 2 - 2.326 * np.sqrt(pairs * (m + n + 1) / 12)).astype(int)
    enough = reach >= 1
    low = differences[rows, np.where(enough, reach - 1, 0)]
    high = differences[rows, np.where(enough, pairs - reach, 0)]
    beyond = low > 0.25 * estimate
    if either:
        beyond |= high < -0.25 * estimate
    return np.asarray(enough & beyond)


def fixed_thresholds(green: Minutes, _blue: Minutes) -> Floats:
    """The second of the fifth failed check; a minute without requests is no check."""
    failed = (green.error_share > 0.01) | (green.latency_p99 > SLOW)
    fifth = failed.cumsum(axis=1) >= 5
    return np.where(fifth.any(axis=1), (fifth.argmax(axis=1) + 1.0) * MINUTE, np.inf)


PEERS: dict[str, Callable[[Minutes, Minutes], Floats]] = {
    "static_alarms": partial(static_alarms, errors=0.01, comparison="GreaterThanThreshold"),
    "static_alarms_5": partial(static_alarms, errors=0.05, comparison="GreaterThanThreshold"),
    "aws_sample": partial(static_alarms, errors=1.0, comparison="GreaterThanOrEqualToThreshold"),
    "mann_whitney": mann_whitney,
    "fixed_thresholds": fixed_thresholds,
}


def measure(fault: Fault, rate: float, *, rollouts: int, seed: int) -> list[dict[str, Any]]:
    """One cell: a row for each judge."""
    rng = np.random.default_rng([seed, FAULTS.index(fault), RATES.index(rate)])
    traffic = Traffic(SERVICE, fault, requests_per_second=rate, rollouts=rollouts, rng=rng)
    blocks = [traffic.draw(LOOK_SECONDS, green_share=SHARE, edges=EDGES) for _ in range(BAKE_SECONDS // LOOK_SECONDS)]
    facts = {
        "fault": fault.name,
        "requests_per_second": rate,
        "rollouts": rollouts,
        "detectable": None if fault.healthy else bool(oracle_power(fault, rate, rng) >= 0.95),
    }
    green, blue = minutes([b.green for b in blocks]), minutes([b.blue for b in blocks])
    ended = {name: _peer_outcomes(judge(green, blue), green.requests) for name, judge in PEERS.items()}
    ours = judge_rollouts(PLAN, WATCH, traffic, blocks)
    return [row(name, outcomes, fault, facts) for name, outcomes in ({"sequential": ours} | ended).items()]


def _peer_outcomes(stopped: Floats, requests: Floats) -> Outcomes:
    """Peers promote at the end of the bake whatever they did not stop."""
    seconds = np.minimum(stopped, BAKE_SECONDS)
    until = requests.cumsum(axis=1)[np.arange(len(requests)), (seconds / MINUTE).astype(int) - 1]
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


def oracle_power(fault: Fault, rate: float, rng: np.random.Generator) -> float:
    """How often the best test that knows everything and looks once is right at a false alarm rate of 1 %."""
    calm = replace(SERVICE, drift=(0.0, 0.0, 0.0), fleet_spread=0.0)
    ratios = []
    for drawn in (Fault(), fault):
        traffic = Traffic(calm, drawn, requests_per_second=rate, rollouts=4000, rng=rng)
        ratios.append(_log_ratio(traffic.draw(BAKE_SECONDS, green_share=SHARE, edges=EDGES), fault))
    return float(np.mean(ratios[1] > np.quantile(ratios[0], 0.99)))


def _log_ratio(block: Block, fault: Fault) -> Floats:
    def masses(below: Floats) -> Floats:
        return np.maximum(np.diff(below, prepend=0.0, append=1.0), 1e-9)

    def log_masses(chosen: Fault) -> tuple[float, float, Floats, Floats]:
        rate = min(SERVICE.error_rate + chosen.error_points / 100, 1.0)
        latency = masses(1 - slower_than(SERVICE, EDGES, np.array(chosen.latency_factor)))
        score = masses(ranks(SERVICE, chosen.auc_loss).below(RANK_CUTS, np.array(SERVICE.positive_share)))
        return float(np.log(rate)), float(np.log(max(1 - rate, 1e-9))), np.log(latency), np.log(score)

    faulty, usual, green = log_masses(fault), log_masses(Fault()), block.green
    failed, good = faulty[0] - usual[0], faulty[1] - usual[1]
    latency, score = faulty[2] - usual[2], faulty[3] - usual[3]
    total: Floats = green.failed * failed + (green.requests - green.failed) * good
    return total + green.latencies @ latency + green.scores @ score


def tell(rows: list[dict[str, Any]]) -> None:
    for rate in RATES:
        print(f"\n{rate:g} requests/s    false rollbacks or missed, % / exposed, median / seconds, median")
        print(f"{'':20}" + "".join(f"{judge:>24}" for judge in ("sequential", *PEERS)))
        for fault in FAULTS:
            cells = [r for r in rows if r["fault"] == fault.name and r["requests_per_second"] == rate]
            mark = "" if cells[0]["detectable"] is not False else " *"
            print(f"{fault.name + mark:20}" + "".join(f"{_cell(r):>24}" for r in cells))
    print("\n* not detectable within the bake; healthy cells show promotions instead of exposure")
    ours = [r for r in rows if r["judge"] == "sequential"]
    worst = max(r["false_rollback"] for r in ours if r["fault"] == "healthy")
    print(f"goal false rollbacks <= 1 %: worst cell {100 * worst:.2f} % ({'met' if worst <= 0.01 else 'NOT met'})")
    found = [r for r in ours if r["detectable"]]
    short = [r for r in found if r["missed"] > 0.05]
    missed = [f"{r['fault']} at {r['requests_per_second']:g}/s: {100 * r['missed']:.1f} %" for r in short]
    _tell_goal("misses <= 5 %", found, missed)
    for peer in ("static_alarms", "static_alarms_5", "aws_sample"):
        wrong = {r["requests_per_second"] for r in rows if r["judge"] == peer and (r["false_rollback"] or 0) > 0.01}
        _tell_goal(f"exposed <= half of {peer}'s", found, _exposed_more(found, rows, peer))
        sound = [r for r in found if r["requests_per_second"] not in wrong]
        _tell_goal(f"the same where {peer} keeps false rollbacks <= 1 %", sound, _exposed_more(sound, rows, peer))


def _tell_goal(goal: str, cells: list[dict[str, Any]], unmet: list[str]) -> None:
    print(f"goal {goal}: met in {len(cells) - len(unmet)} of {len(cells)} detectable cells")
    for told in unmet:
        print(f"  not met: {told}")


def _exposed_more(found: list[dict[str, Any]], rows: list[dict[str, Any]], peer: str) -> list[str]:
    theirs = {(r["fault"], r["requests_per_second"]): r["exposed_median"] for r in rows if r["judge"] == peer}
    return [
        f"{r['fault']} at {r['requests_per_second']:g}/s: {r['exposed_median']:,.0f} against {other:,.0f}"
        for r in found
        if r["exposed_median"] > (other := theirs[r["fault"], r["requests_per_second"]]) / 2
    ]


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
    cells = [(fault, rate) for rate in RATES for fault in FAULTS]
    one_cell = partial(measure, rollouts=arguments.rollouts, seed=arguments.seed)
    with ProcessPoolExecutor(max_workers=2) as pool:
        rows = [found for cell in pool.map(one_cell, *zip(*cells, strict=True)) for found in cell]
    tell(rows)
    sys.stderr.write(f"{time.monotonic() - started:.0f} s\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
