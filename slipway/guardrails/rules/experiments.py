"""SG95x: whether an experiment on the endpoint can end with an answer, where the expected traffic is given."""

from collections.abc import Iterator
from math import ceil

from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedExperiment, PlannedRollout
from slipway.rounding import counted

_DAY = 86_400
_FEWEST_A_PERIOD = 10
"""Of an arm at its floor: with fewer, weights are moved by single outcomes."""


@rule("SG951", "error", because="it then ends by its longest time, and a better challenger is not found")
def never_as_large_as_planned(planned: PlannedRollout) -> Iterator[Found]:
    """An experiment that cannot reach its planned size."""
    found, rate = planned.experiment, planned.requests_per_second
    if found is None or not rate:
        return
    seconds = found.max_days * _DAY - found.outcome_seconds
    expected = rate * found.captured * max(0, seconds)
    if expected < found.planned_size:
        days = ceil((found.planned_size / (rate * found.captured) + found.outcome_seconds) / _DAY)
        most = counted(found.max_days, "day")
        what = f"{expected:,.0f} outcomes are expected in {most}, of {found.planned_size:,} planned"
        yield Found(what, f"allow max_days {days}, look for a larger effect, or try fewer challengers")


@rule("SG952", "warning", because="the weights then follow single outcomes, and not what the arms are worth")
def weights_move_on_noise(planned: PlannedRollout) -> Iterator[Found]:
    """Weights that are changed faster than an arm at its floor gets requests."""
    found, rate = planned.experiment, planned.requests_per_second
    if found is None or not rate or not found.floor:
        return
    requests = _at_the_floor(found, rate)
    if requests < _FEWEST_A_PERIOD:
        minutes = ceil(found.update_seconds * _FEWEST_A_PERIOD / requests / 60)
        what = f"an arm at its floor gets {counted(requests, 'request')} between two changes"
        yield Found(what, f"write update_minutes {minutes}, or a larger floor")


def _at_the_floor(found: PlannedExperiment, rate: float) -> float:
    return rate * found.captured * found.floor * found.update_seconds


RULES = (never_as_large_as_planned, weights_move_on_noise)
