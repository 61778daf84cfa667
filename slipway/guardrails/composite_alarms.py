"""Composite alarms: which alarms one asks, and what it makes of their states."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from slipway.cloudwatch import AlarmState, composite_rule
from slipway.errors import InputError

_MOST_ASKED = 6


def is_composite(description: Mapping[str, Any]) -> bool:
    return "AlarmRule" in description


def referenced_alarms(description: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the alarms that a composite alarm asks; none for a metric alarm, or where it is malformed."""
    if not is_composite(description):
        return ()
    try:
        return composite_rule(description).children
    except InputError:
        return ()


def fires_when_all(description: Mapping[str, Any], state: AlarmState) -> bool:
    """Whether the composite alarm goes off where each alarm it asks is in `state`."""
    return composite_rule(description).state(lambda _name: state) is AlarmState.ALARM


def fires_for_anything(description: Mapping[str, Any]) -> bool | None:
    """Whether there are states of the referenced alarms for which it goes off; None where they are too many to try."""
    rule = composite_rule(description)
    if len(rule.children) > _MOST_ASKED:
        return None
    return any(rule.state(states.get) is AlarmState.ALARM for states in _combinations(rule.children))


def _combinations(names: tuple[str, ...]) -> Iterator[dict[str, str]]:
    for states in product(AlarmState, repeat=len(names)):
        yield dict(zip(names, states, strict=True))
