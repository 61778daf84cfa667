"""`slipway plan`: bake, canary size and margins that fit an endpoint's traffic."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slipway.canary.proposal import LEAST_PROMOTED, ProposedRollout
from slipway.cli.arguments import add_command, add_json, add_number, add_use_case, deployed_stage, write
from slipway.errors import InputError, LaunchError
from slipway.guardrails import planned_rollout
from slipway.rounding import counted
from slipway.settings import Settings, load_settings
from slipway.settings.limits import LEAST_TRAFFIC, MOST_TRAFFIC
from slipway.settings.rollout_plan import proposal, takes_shadow
from slipway.simulation.forecast import forecast
from slipway.simulation.forecast_summary import Forecast

if TYPE_CHECKING:
    from slipway.operations.endpoint_traffic import RecordedTraffic

_ROLLOUTS = 200
_EPILOG = """\
A canary proves a good model no worse only if it gets enough requests. The plan is the shortest rollout that is
expected to promote 95 % of good models: with the default margins up to an hour, then with wider margins or several
hours. SageMaker waits an hour at most after each step, and eight hours for an update. Where a canary alone would need
margins above a point of errors, the candidate is a shadow first, for most of a day at most: [rollout.shadow].

The traffic is the median of the endpoint's quietest hour of the day, in the last 14 days of CloudWatch's Invocations;
or what --requests-per-second gives. --toml prints the lines for the use case's file. With plan = "auto" and
requests_per_second under [rollout], every synth takes the same plan from that figure.

An estimate chooses the plan. The figures that are printed are of seeded rollouts, as `slipway simulate` makes them:
independent requests, no bursts, but errors and latency that vary from minute to minute. So the share of good models
that is printed may be some points below 95 %; the estimate keeps it above 90 %, in short bakes too.

exit codes:
  0    the plan is printed
  1    AWS refuses a call, or has too little traffic to plan with
  2    settings or arguments are not acceptable

examples:
  slipway plan --requests-per-second 5
  slipway plan --config config/shoppers.toml --stage prod --toml
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "plan",
        run,
        summary="propose a rollout that promotes good models at your traffic",
        description="Propose bake, canary size and margins for the traffic of an endpoint.",
        epilog=_EPILOG,
    )
    add_use_case(parser)
    add_number(
        parser, "--requests-per-second", LEAST_TRAFFIC, MOST_TRAFFIC, about="traffic; read from CloudWatch if not given"
    )
    add_number(
        parser, "--error-percent", 0.001, 50, default=0.5, metavar="E", about="share of requests that fail today"
    )
    parser.add_argument("--toml", action="store_true", help="print the lines for the use case's file")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Propose, simulate and print."""
    settings = load_settings(arguments.config, arguments.stage)
    kind = settings.endpoint.facts
    if not kind.is_guarded:
        raise InputError(f"plan must be of an endpoint with instances, got a {kind.name} one: its update has no canary")
    observed = None if arguments.requests_per_second else _observed(arguments)
    rate = observed.quiet if observed else arguments.requests_per_second
    proposed = _proposal(settings, rate, arguments.error_percent / 100)
    if arguments.toml:
        write(argparse.Namespace(json=False), None, lambda: as_toml(proposed, rate))
        return 0
    found = _forecast(settings, proposed, rate, arguments.error_percent)
    write(arguments, _document(proposed, rate, found, observed), lambda: _text(proposed, rate, found, observed))
    return 0


def _observed(arguments: argparse.Namespace) -> "RecordedTraffic":
    from datetime import UTC, datetime  # noqa: PLC0415

    from slipway.operations.endpoint_traffic import read_traffic  # noqa: PLC0415

    try:
        with deployed_stage(arguments) as stage:
            counted, cloudwatch = stage.settings.endpoint.facts.requests, stage.client("cloudwatch")
            return read_traffic(cloudwatch, stage.names.endpoint, now=datetime.now(UTC), counted=counted)
    except LaunchError as exc:
        raise LaunchError(f"{exc}; or give the traffic that you expect with --requests-per-second") from exc


def _proposal(settings: Settings, rate: float, error_rate: float) -> ProposedRollout:
    analysis = settings.rollout.canary_analysis
    shadow: bool | None = None
    if not takes_shadow({"instance_type": settings.endpoint.instance_type, "kind": settings.endpoint.kind}, None):
        shadow = False
    elif settings.rollout.plan is None and "enabled" in settings.rollout.shadow.model_fields_set:
        shadow = settings.rollout.shadow.enabled
    return proposal(
        rate,
        instances=planned_rollout(settings).instances or settings.endpoint.instance_count,
        analysis={"baseline_rows": analysis.baseline_rows, "scores": analysis.scores},
        error_rate=error_rate,
        shadow=shadow,
    )


def _forecast(settings: Settings, proposed: ProposedRollout, rate: float, error_percent: float) -> Forecast:
    """Of a model that is worse by twice the margin beside a good one."""
    rollout = settings.rollout.model_dump(exclude_unset=True)
    for key in ("warm_up_seconds", "alarm_periods"):
        rollout.pop(key, None)
    analysis = {**settings.rollout.canary_analysis.model_dump(exclude_unset=True), **proposed.analysis()}
    shadow = {**settings.rollout.shadow.model_dump(exclude_unset=True), "enabled": False, **proposed.shadow_keys()}
    sections = {"canary_analysis": analysis, "shadow": shadow}
    changed = type(settings.rollout).model_validate({**rollout, **proposed.rollout(), **sections})
    return forecast(
        settings.model_copy(update={"rollout": changed}),
        requests_per_second=rate,
        error_percent=error_percent,
        regression_points=200 * proposed.error_tolerance,
        most_rollouts=_ROLLOUTS,
    )


def as_toml(proposed: ProposedRollout, rate: float) -> str:
    """The lines for the use case's file."""
    return "".join(f"{line}\n" for line in _toml_lines(proposed, rate))


def _toml_lines(proposed: ProposedRollout, rate: float) -> Iterator[str]:
    yield "# Put these lines into the file's tables of the same names: they replace keys that stand there already, and"
    yield "# keys of [stages.*] take precedence over them."
    yield "[rollout]"
    yield f"requests_per_second = {rate:.3g} # in its quiet hours; the plan is made for it"
    yield from (f"{key} = {_value(value)}" for key, value in proposed.rollout().items())
    yield ""
    yield "[rollout.canary_analysis]"
    yield from (f"{key} = {_value(value)}" for key, value in proposed.analysis().items())
    if shadow := proposed.shadow_keys():
        yield ""
        yield "[rollout.shadow]"
        yield from (f"{key} = {_value(value)}" for key, value in shadow.items())


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)


def _document(
    proposed: ProposedRollout, rate: float, found: Forecast, observed: "RecordedTraffic | None"
) -> dict[str, Any]:
    shadow = proposed.shadow_keys()
    sections = {"canary_analysis": proposed.analysis(), **({"shadow": shadow} if shadow else {})}
    return {
        "requests_per_second": rate,
        "observed": asdict(observed) if observed else None,
        "rollout": {**proposed.rollout(), **sections},
        "seconds": proposed.seconds,
        "shadow": asdict(found.shadow) if found.shadow else None,
        "good_models_proven_as_shadow": found.healthy.proven_as_shadow if found.shadow and found.healthy else None,
        "shadow_seconds": found.healthy.shadow_seconds if found.healthy else None,
        "good_models_promoted": found.healthy.proven_safe if found.healthy else 0.0,
        "regression_points": found.regression_points,
        "bad_models_stopped": _stopped(found),
        "seconds_to_rollback": found.regressed.seconds_to_rollback if found.regressed else None,
    }


def _stopped(found: Forecast) -> float:
    return 1 - found.regressed.proven_safe if found.regressed else 0.0


def _text(proposed: ProposedRollout, rate: float, found: Forecast, observed: "RecordedTraffic | None") -> str:
    tolerances, minutes, waits = proposed.tolerances, proposed.route.bake_seconds // 60, proposed.seconds // 60
    size, each = ("canary", "") if proposed.route.type == "canary" else ("steps", " each")
    lines = {
        "traffic": f"{counted(rate, 'request')} a second"
        + (f", at {observed.quiet_hour}:00 UTC; {observed.mean:.3g} in the mean" if observed else ""),
        "plan": f"{size} of {proposed.route.percent} %, {counted(minutes, 'minute')}{each}; "
        f"{counted(waits, 'minute')} of waits in all",
        **_shadow_lines(found),
        "margins": f"{counted(100 * tolerances.error_tolerance, 'point')} of errors"
        f", {tolerances.latency_tolerance:g} times the latency"
        + (f", {counted(100 * tolerances.score_limit, 'point')} of scores" if tolerances.watches_scores else ""),
        "a good model": f"promoted in {100 * (found.healthy.proven_safe if found.healthy else 0):.1f} %",
        f"+{counted(found.regression_points, 'point')} errors": f"not promoted in {100 * _stopped(found):.1f} %",
    }
    if found.regressed and found.regressed.seconds_to_rollback is not None:
        lines["rolled back after"] = f"{found.regressed.seconds_to_rollback:,.0f} s in the median"
    if found.regressed and found.shadow:
        lines["rejected as a shadow"] = f"{100 * found.regressed.rejected_as_shadow:.1f} % of those"
    if found.healthy and found.healthy.proven_safe < LEAST_PROMOTED:
        lines["note"] = "too little traffic for a canary to prove good models no worse: add instances, or traffic"
    lines["settings"] = "add --toml for the lines of the use case's file"
    width = max(map(len, lines))
    return "".join(f"{name:{width}} {text}\n" for name, text in lines.items())


def _shadow_lines(found: Forecast) -> dict[str, str]:
    """The candidate as a shadow, before the canary."""
    if found.shadow is None or found.healthy is None:
        return {}
    longest, seconds = found.shadow.most_seconds / 3600, found.healthy.shadow_seconds
    median = f"; a good model {seconds / 3600:.1f} h in the median" if seconds else ""
    return {
        "shadow first": f"{counted(longest, 'hour')} at most, by copies of all requests{median}",
        "margin as a shadow": f"{counted(found.shadow.error_tolerance_points, 'point')} of errors",
    }
