"""`slipway simulate`: how a use case's rollouts would end at a traffic rate, before anything is deployed."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict

from slipway.canary.config import PROCEED
from slipway.cli.arguments import add_command, add_json, add_use_case, bounded, write
from slipway.cli.forecast import Alarm, Chances, Forecast, Judging, Progress, forecast
from slipway.errors import InputError
from slipway.rollout.new_fleet_alarms import LEAST_ERRORS
from slipway.settings import load_settings

_EPILOG = """\
The canary analysis is the use case's own ([rollout.canary_analysis]): every 10 seconds it compares both fleets on
errors, latency and scores. Its verdict on whether everybody may meet the new fleet is due decide_seconds before the
bake ends; without one the model is sent back, or goes on unproven (without_evidence). Beside it, to the end of the last
bake, stands the alarm on errors with the use case's thresholds; where the judge is not enabled, it decides alone. Other
alarms, gates and outcomes are left out.

Both fleets share what wanders (errors, latency, mix of users); requests are independent, without bursts. Up to 1,000
rollouts are drawn with a fixed seed, fewer of long plans.

examples:
  slipway simulate --requests-per-second 5
  slipway simulate --config config/shoppers.toml --stage prod --requests-per-second 16 --regression 1 --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "simulate",
        run,
        summary="what a rollout plan costs, and how likely it catches a bad model at your traffic",
        description="Duration, cost and power of the use case's rollout at a traffic rate, as its settings define it.",
        epilog=_EPILOG,
    )
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
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print the forecast."""
    settings = load_settings(arguments.config, arguments.stage)
    if arguments.error_percent + arguments.regression > 100:
        total = arguments.error_percent + arguments.regression
        raise InputError(f"error-percent and regression must add up to at most 100, got {total:g}")
    found = forecast(
        settings,
        requests_per_second=arguments.requests_per_second,
        error_percent=arguments.error_percent,
        regression_points=arguments.regression,
        progress=_progress(),
    )
    write(arguments, asdict(found), lambda: forecast_text(found))
    return 0


def _progress() -> Progress | None:
    """Tells a person at a terminal, and takes its line away at the end."""
    if not sys.stderr.isatty():
        return None

    def tell(done: float) -> None:
        sys.stderr.write("\r\033[K" + (f"simulating, {done:.0%}" if done < 1 else ""))
        sys.stderr.flush()

    return tell


def forecast_text(found: Forecast) -> str:
    """The forecast in words."""
    lines = [f"{name:17} {text}\n" for name, text in _lines(found)]
    if found.healthy and not _uncompared(found):
        lines.append(f"({found.rollouts:,} simulated rollouts each, today's errors {found.error_percent:g} %)\n")
    return "".join(lines)


def _lines(found: Forecast) -> Iterator[tuple[str, str]]:
    if found.error_alarm is None:
        yield "plan", found.type
    else:
        yield "plan", f"{found.type}, {found.instances} instance{'s' * (found.instances > 1)}"
        yield "duration", f"{found.duration_seconds:,} s of waits; starting instances comes on top"
        yield "double fleet", f"{found.extra_instance_hours:.2f} extra instance-hours"
        yield "canary requests", f"{found.canary_requests:,.0f} expected while both fleets serve"
        yield "judge", _judge(found.judge)
        yield "alarm", _alarm(found.error_alarm)
    if found.healthy and found.regressed:
        yield "a good model", _shares(found, found.healthy, back="rolled back", safe="proven safe")
        bad = _shares(found, found.regressed, back="caught", safe=_safe_though_worse(found))
        yield f"+{found.regression_points:g} points errors", bad
        if (seconds := found.regressed.seconds_to_rollback) is not None:
            yield "caught after", f"{seconds:,.0f} s in the median"
        if found.judge and found.comparable_seconds and found.healthy.undecided > 0.5:
            yield "note", "too little traffic for a verdict within the bake: bake longer or send it more"
    for note in found.notes:
        yield "note", note


def _judge(judge: Judging | None) -> str:
    if judge is None:
        return "none (canary_analysis.enabled = false): the alarms decide alone"
    does = "goes on unproven" if judge.without_evidence == PROCEED else "is sent back"
    due = f"decides after {judge.decides_after_seconds:,} s of {judge.of_seconds:,}"
    return f"{due}; a model without a verdict by then {does} (without_evidence = {judge.without_evidence})"


def _alarm(alarm: Alarm) -> str:
    row = f", {alarm.periods} times in a row" if alarm.periods > 1 else ""
    least = f"of {alarm.min_requests:,} answers and {LEAST_ERRORS} errors at least"
    return f"above {alarm.max_error_percent:g} % of errors in {alarm.period_seconds} s{row}, {least}; in every bake"


def _uncompared(found: Forecast) -> bool:
    """A judge that will never see both fleets: what follows is certain, and told by a note."""
    return found.judge is not None and not found.comparable_seconds


def _safe_though_worse(found: Forecast) -> str:
    tolerated = found.judge.error_tolerance_points if found.judge else 0.0
    within = found.regression_points < tolerated
    return f"proven safe (below the tolerated {tolerated:g} points)" if within else "wrongly proven safe"


def _shares(found: Forecast, chances: Chances, *, back: str, safe: str) -> str:
    if _uncompared(found):
        return "no figure: the judge has nothing to compare it with"
    shares = [(back, chances.rolled_back)]
    if found.judge:
        shares.append((safe, chances.promotable))
    back_unproven = found.judge and found.judge.without_evidence != PROCEED
    shares.append(("sent back for lack of evidence" if back_unproven else "goes on unproven", chances.undecided))
    by_alarm = f" ({100 * chances.rolled_back_by_alarm:.1f} % by the alarm)" if found.judge else " by the alarm"
    first, *others = (f"{name} {100 * share:.1f} %" for name, share in shares)
    return ", ".join([first + by_alarm, *others])
