"""`slipway simulate`: what a rollout plan can see at a traffic rate, before anything is deployed."""

import argparse
import json
import sys
from dataclasses import asdict, dataclass

import numpy as np

from blueprint.costs import extra_instance_hours, rollout_seconds
from blueprint.errors import InputError
from blueprint.rollout import RolloutPlan, deployment_config, plan_from_deployment_config
from blueprint.settings import load_settings
from blueprint.simulation import Fault, Outcomes, Service, Traffic, Watch, judge_rollouts
from blueprint.verdicts import JudgePlan, Verdict
from rehearsal.commands.numbers import bounded
from rehearsal.commands.use_case import add_use_case

_ROLLOUTS = 1000
_SEED = 0

_EPILOG = """\
The judge compares the new fleet with the old one on errors, latency and scores, every 10 seconds of the bakes in which
both serve. Both fleets share what wanders (errors, latency, mix of users); 1,000 rollouts are drawn with a fixed seed.

examples:
  slipway simulate --requests-per-second 5
  slipway simulate --config config/shoppers.toml --requests-per-second 50 --error-percent 0.5 --regression 1 --json
"""


@dataclass(frozen=True)
class Chances:
    """How simulated rollouts stand at the end of their bakes, as shares of 1."""

    rolled_back: float
    promotable: float
    undecided: float
    seconds_to_rollback: float | None
    """Median of those that were rolled back."""


@dataclass(frozen=True)
class Forecast:
    """What the plan costs, how much it sees, and how often it is right."""

    type: str
    instances: int
    duration_seconds: int
    extra_instance_hours: float
    comparable_seconds: int
    """Seconds in which both fleets serve users."""
    canary_requests: float
    error_percent: float
    regression_points: float
    rollouts: int
    healthy: Chances
    regressed: Chances


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "simulate",
        help="what a rollout plan costs, and how likely it is to catch a bad model at your traffic",
        description="Duration, cost and power of the use case's rollout plan at a traffic rate.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    add_use_case(parser)
    add = parser.add_argument
    add(
        "--requests-per-second",
        type=bounded(0.001, 10_000),
        required=True,
        metavar="N",
        help="requests a second to the endpoint, 0.001..10000",
    )
    add(
        "--error-percent",
        type=bounded(0.001, 50),
        default=0.5,
        metavar="E",
        help="share of answers that fail today, 0.001..50 (default: %(default)g)",
    )
    add(
        "--regression",
        type=bounded(0.01, 100),
        default=1.0,
        metavar="POINTS",
        help="points of errors that the bad model adds, 0.01..100 (default: %(default)g)",
    )
    add("--json", action="store_true", help="one JSON object instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print the forecast."""
    settings = load_settings(arguments.config, arguments.stage)
    instances = settings.endpoint.instance_count
    plan = plan_from_deployment_config(deployment_config(settings.rollout, ()), instances=instances)
    if arguments.error_percent + arguments.regression > 100:
        total = arguments.error_percent + arguments.regression
        raise InputError(f"error-percent and regression must add up to at most 100, got {total:g}")
    found = forecast(
        plan,
        requests_per_second=arguments.requests_per_second,
        error_percent=arguments.error_percent,
        regression_points=arguments.regression,
    )
    sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n" if arguments.json else told(found))
    return 0


def forecast(
    plan: RolloutPlan, *, requests_per_second: float, error_percent: float, regression_points: float
) -> Forecast:
    """What to expect of `plan`; the same arguments give the same forecast."""
    partial = tuple(step / plan.instances for step in plan.steps[:-1] if step < plan.instances)
    watch = Watch(tuple((share, plan.wait_seconds) for share in partial))
    service = Service(error_rate=error_percent / 100)

    def chances(fault: Fault) -> Chances:
        return _chances(watch, service, fault, requests_per_second)

    return Forecast(
        type=plan.type,
        instances=plan.instances,
        duration_seconds=rollout_seconds(plan),
        comparable_seconds=watch.bake_seconds,
        extra_instance_hours=extra_instance_hours(plan),
        canary_requests=sum(share * seconds for share, seconds in watch.shares) * requests_per_second,
        error_percent=error_percent,
        regression_points=regression_points,
        rollouts=_ROLLOUTS,
        healthy=chances(Fault()),
        regressed=chances(Fault(f"errors +{regression_points:g} points", error_points=regression_points)),
    )


def _chances(watch: Watch, service: Service, fault: Fault, requests_per_second: float) -> Chances:
    if not watch.bake_seconds:
        return Chances(rolled_back=0.0, promotable=0.0, undecided=1.0, seconds_to_rollback=None)
    rng = np.random.default_rng(_SEED)
    traffic = Traffic(service, fault, requests_per_second=requests_per_second, rollouts=_ROLLOUTS, rng=rng)
    judge = JudgePlan(expected_error_rate=service.error_rate, baseline_rows=service.baseline_rows)
    outcomes = judge_rollouts(judge, watch, traffic)
    return Chances(
        rolled_back=outcomes.share(Verdict.ROLL_BACK),
        promotable=outcomes.share(Verdict.PROMOTE),
        undecided=outcomes.share(Verdict.EXTEND),
        seconds_to_rollback=_median_rollback(outcomes),
    )


def _median_rollback(outcomes: Outcomes) -> float | None:
    back = outcomes.seconds[outcomes.verdicts == Verdict.ROLL_BACK]
    return float(np.median(back)) if back.size else None


def told(found: Forecast) -> str:
    """The forecast in words."""
    healthy, bad = found.healthy, found.regressed
    lines = [
        f"plan              {found.type}, {found.instances} instances",
        f"duration          {found.duration_seconds:,} s of waits; starting instances comes on top",
        f"double fleet      {found.extra_instance_hours:.2f} extra instance-hours",
        f"canary requests   {found.canary_requests:,.0f} expected while both fleets serve",
        "a good model      " + _shares(healthy, back="rolled back", safe="proven safe"),
        f"+{found.regression_points:g} points errors".ljust(18)
        + _shares(bad, back="caught", safe="wrongly proven safe"),
    ]
    if bad.seconds_to_rollback is not None:
        lines.append(f"caught after      {bad.seconds_to_rollback:,.0f} s in the median")
    if not found.comparable_seconds:
        lines.append("note              both fleets never serve together: there is nothing to compare; take a canary")
    elif healthy.undecided > 0.5:
        lines.append("note              too little traffic for a verdict within the bake: bake longer or send it more")
    return (
        "\n".join(lines) + f"\n({found.rollouts:,} simulated rollouts each, today's errors {found.error_percent:g} %)\n"
    )


def _shares(chances: Chances, *, back: str, safe: str) -> str:
    shares = ((back, chances.rolled_back), (safe, chances.promotable), ("undecided", chances.undecided))
    return ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares)
