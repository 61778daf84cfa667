"""`slipway simulate`: how a use case's rollouts would end at a traffic rate, before anything is deployed."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict

from slipway.canary.config import PROCEED
from slipway.cli.arguments import add_command, add_json, add_number, add_use_case, write
from slipway.errors import InputError
from slipway.rollout.new_fleet_alarms import LEAST_ERRORS
from slipway.rounding import counted
from slipway.settings import load_settings
from slipway.simulation.forecast import MOST_ROLLOUTS, Progress, forecast
from slipway.simulation.forecast_summary import AlarmSummary, AnalysisSummary, Chances, Forecast, ShadowSummary

_MINUTE, _HOUR = 60, 3600

_EPILOG = """\
The rollout is simulated with the use case's own settings. Every 10 seconds, canary analysis ([canary_analysis])
compares the new fleet's errors, latency and scores with the old one's. Its decision is due decide_seconds before the
bake ends; without one, the model is rolled back, or goes live unproven (without_evidence). The alarm on errors is
simulated until the end of the last bake; if canary analysis is not enabled, it decides alone. With [rollout.shadow] the
comparison of the shadow comes first: what is worse there meets no user. Other alarms, gates and outcomes are not
simulated.

Both fleets share what varies (errors, latency, the mix of users); requests are independent, without bursts. The seed is
fixed, so the same arguments give the same result.

exit codes:
  0    the forecast is printed
  2    settings or arguments are not acceptable

examples:
  slipway simulate --requests-per-second 5
  slipway simulate --config config/shoppers.toml --stage prod --requests-per-second 16 --regression 1 --json
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "simulate",
        run,
        summary="forecast what a rollout costs, and how likely it stops a bad model at your traffic",
        description="Duration, cost and statistical power of the use case's rollout at a traffic rate.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    traffic = "traffic of the endpoint (default: rollout.requests_per_second of the file)"
    add_number(parser, "--requests-per-second", 0.001, 10_000, about=traffic)
    add_number(
        parser, "--error-percent", 0.001, 50, default=0.5, metavar="E", about="share of requests that fail today"
    )
    worse = "points of errors that the bad model adds"
    add_number(parser, "--regression", 0.01, 100, default=1, metavar="POINTS", about=worse)
    most = "simulate at most so many rollouts, of long plans fewer"
    add_number(parser, "--rollouts", 10, MOST_ROLLOUTS, default=MOST_ROLLOUTS, whole=True, about=most)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print the forecast."""
    settings = load_settings(arguments.config, arguments.stage)
    rate = arguments.requests_per_second or settings.rollout.requests_per_second
    if rate is None:
        raise InputError("--requests-per-second must be given where the file has no rollout.requests_per_second")
    if arguments.error_percent + arguments.regression > 100:
        total = arguments.error_percent + arguments.regression
        raise InputError(f"error-percent and regression must add up to at most 100, got {total:g}")
    found = forecast(
        settings,
        requests_per_second=rate,
        error_percent=arguments.error_percent,
        regression_points=arguments.regression,
        most_rollouts=int(arguments.rollouts),
        progress=_progress(),
    )
    write(arguments, asdict(found), lambda: forecast_text(found))
    return 0


def _progress() -> Progress | None:
    """Shows progress on a terminal, and clears its line at the end."""
    if not sys.stderr.isatty():
        return None

    def show(done: float) -> None:
        sys.stderr.write("\r\033[K" + (f"simulating, {done:.0%}" if done < 1 else ""))
        sys.stderr.flush()

    return show


def forecast_text(found: Forecast) -> str:
    """The forecast in words."""
    lines = [f"{name:17} {text}\n" for name, text in _lines(found)]
    if found.healthy and not _nothing_to_compare(found):
        lines.append(f"({found.rollouts:,} simulated rollouts each, today's errors {found.error_percent:g} %)\n")
    return "".join(lines)


def _lines(found: Forecast) -> Iterator[tuple[str, str]]:
    if found.error_alarm is None:
        yield "plan", found.type
    else:
        yield "plan", f"{found.type}, {found.instances} instance{'s' * (found.instances > 1)}"
        yield "duration", f"{found.duration_seconds:,} s of waits, and the start of instances"
        yield "double fleet", f"{found.extra_instance_hours:.2f} extra instance-hours"
        yield "canary requests", f"{found.canary_requests:,.0f} expected while both fleets serve"
        if found.shadow:
            yield "shadow", _shadow(found.shadow)
        yield "canary analysis", _analysis(found.canary_analysis)
        yield "alarm", _alarm(found.error_alarm)
    if found.healthy and found.regressed:
        yield "a good model", _shares(found, found.healthy, rolled_back="rolled back", proven="proven safe")
        bad = _shares(found, found.regressed, rolled_back="stopped", proven=_proven_though_worse(found))
        yield f"+{counted(found.regression_points, 'point')} errors", bad
        for name, chances in (("good shadows", found.healthy), ("bad shadows", found.regressed)):
            if chances.shadow_seconds is not None:
                yield name, f"decided on after {counted(chances.shadow_seconds / _MINUTE, 'minute')} in the median"
        if (seconds := found.regressed.seconds_to_rollback) is not None:
            yield "stopped after", f"{seconds:,.0f} s in the median"
        if found.canary_analysis and found.comparable_seconds and found.healthy.undecided > 0.5:
            yield "note", "too few requests for a decision within the bake: bake longer, or with more traffic"
    for note in found.notes:
        yield "note", note


def _analysis(analysis: AnalysisSummary | None) -> str:
    if analysis is None:
        return "none (canary_analysis.enabled = false): the alarms decide alone"
    does = "goes live unproven" if analysis.without_evidence == PROCEED else "is rolled back"
    due = f"decides after {analysis.decides_after_seconds:,} s of {analysis.of_seconds:,}"
    return f"{due}; a model without a decision by then {does} (without_evidence = {analysis.without_evidence})"


def _shadow(shadow: ShadowSummary) -> str:
    return (
        f"copies of {100 * shadow.copied:g} % of the requests, for {shadow.most_seconds / _HOUR:.3g} h at most; "
        "no user gets its responses"
    )


def _alarm(alarm: AlarmSummary) -> str:
    row = f", {alarm.periods} times in a row" if alarm.periods > 1 else ""
    least = f"of at least {counted(alarm.min_requests, 'request')} and {LEAST_ERRORS} errors"
    return f"above {alarm.max_error_percent:g} % of errors in {alarm.period_seconds} s{row}, {least}; in every bake"


def _nothing_to_compare(found: Forecast) -> bool:
    """Both fleets never serve together: what follows is certain, and in a note."""
    return found.canary_analysis is not None and not found.comparable_seconds


def _proven_though_worse(found: Forecast) -> str:
    tolerated = found.canary_analysis.error_tolerance_points if found.canary_analysis else 0.0
    within = found.regression_points < tolerated
    return f"proven safe (below the tolerated {counted(tolerated, 'point')})" if within else "wrongly proven safe"


def _shares(found: Forecast, chances: Chances, *, rolled_back: str, proven: str) -> str:
    analysis = found.canary_analysis
    if _nothing_to_compare(found):
        return "no figure: canary analysis has nothing to compare it with"
    shares = [(rolled_back, chances.rolled_back)]
    if found.shadow:
        shares.append(("rejected as a shadow", chances.rejected_as_shadow))
    if analysis:
        shares.append((proven, chances.proven_safe))
    proceeds = analysis is None or analysis.without_evidence == PROCEED
    shares.append(("goes live unproven" if proceeds else "rolled back for lack of evidence", chances.undecided))
    by_alarm = f" ({100 * chances.rolled_back_by_alarm:.1f} % by the alarm)" if analysis else " by the alarm"
    first, *others = (f"{name} {100 * share:.1f} %" for name, share in shares)
    return ", ".join([first + by_alarm, *others])
