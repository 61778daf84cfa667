"""Whether the canary of a rehearsal meets users enough for the rollback alarms, at its speed and rate."""

from math import ceil, floor

from rehearsal.journey.options import RehearsalOptions
from slipway.errors import InputError
from slipway.guardrails import planned_rollout
from slipway.guardrails.waits import first_share
from slipway.settings import Settings

_FEWEST_IN_A_BAKE = 20
"""With fewer in all, canary analysis has nothing to detect a bad model by either."""


def traffic_remark(settings: Settings, options: RehearsalOptions) -> str | None:
    """What is too little about the traffic, with what would suffice; None where it suffices.

    Raises:
        InputError: nothing could be detected.
    """
    share = first_share(planned_rollout(settings))
    if not settings.endpoint.facts.is_guarded or not share:
        return None
    rollout, real = settings.rollout, options.requests_per_second / options.speed * share
    in_a_period, in_a_bake = real * rollout.alarm_period_seconds, real * rollout.bake_seconds
    if in_a_period >= rollout.min_requests:
        return None
    needed = rollout.min_requests / (share * rollout.alarm_period_seconds)
    ways = f"--rate {ceil(needed * options.speed)}"
    if (speed := floor(options.requests_per_second / needed)) >= 1:
        ways += f" or --speed {speed}"
    few = (
        f"the canary gets {in_a_period:.3g} requests in an alarm's period, of rollout.min_requests "
        f"{rollout.min_requests}: {ways} suffices"
    )
    if in_a_bake < _FEWEST_IN_A_BAKE:
        raise InputError(f"--rate {options.requests_per_second:g} --speed {options.speed:g}: {few}")
    others = "the canary analysis" if rollout.canary_analysis.enabled else "the bake with all of the traffic"
    return f"{few}; with fewer, {others} alone can find a bad model"
