"""How long the experiment of a rehearsal takes, at its speed and rate."""

from math import ceil

from rehearsal.journey.options import RehearsalOptions
from slipway.settings import Settings

_LONG_SECONDS = 600
_MINUTE, _DAY = 60, 86_400


def experiment_remark(settings: Settings, options: RehearsalOptions) -> str | None:
    """What makes it long, and what would be short; None where there is none, or it takes some minutes at most.

    Requests come in real time; what is waited for is divided by the speed.
    """
    experiment = settings.experiment
    if experiment is None:
        return None
    captured = settings.endpoint.capture_percent / 100
    size = experiment.plan().planned_size
    needed = size / (options.requests_per_second * captured) + experiment.outcome_seconds / options.speed
    seconds = min(needed, experiment.max_days * _DAY / options.speed)
    if seconds <= _LONG_SECONDS:
        return None
    return (
        f"the experiment takes some {ceil(seconds / _MINUTE)} minutes here: {size:,} outcomes at "
        f"{options.requests_per_second:g} requests a second, each {experiment.outcome_seconds:g} s old divided by "
        f"--speed {options.speed:g}; a stage for rehearsals may have a larger effect and shorter outcome_seconds"
    )
