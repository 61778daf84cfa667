"""Composite alarms: an AlarmRule over the states of other alarms.

Source: "Creating a composite alarm" in the CloudWatch user guide and PutCompositeAlarm. NOT binds closer than AND, and
AND closer than OR.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.cloudwatch.composite_parser import (
    AtLeast,
    Both,
    Either,
    Expression,
    InState,
    Not,
    TruthValue,
    parse,
)
from slipway.cloudwatch.evaluation import AlarmState
from slipway.errors import InputError

_MOST_CHILDREN = 100
_MOST_ELEMENTS = 500
_MOST_CHARACTERS = 10_240

States = Callable[[str], str | None]
"""An alarm's name → its state; None where there is no such alarm."""


@dataclass(frozen=True)
class CompositeRule:
    """When a composite alarm is in ALARM."""

    name: str
    expression: Expression

    @property
    def children(self) -> tuple[str, ...]:
        """The names of the alarms it watches, in the order of the rule."""
        return tuple(dict.fromkeys(name_of(reference) for reference in _references(self.expression)))

    def state(self, states: States) -> AlarmState:
        """ALARM where the rule holds, else OK; INSUFFICIENT_DATA is only before the first evaluation."""
        return AlarmState.ALARM if _holds(self.expression, states) else AlarmState.OK


def composite_rule(description: Mapping[str, Any]) -> CompositeRule:
    """The rule of an alarm in the shape of PutCompositeAlarm.

    Raises:
        InputError: CloudWatch would not accept it, or it has an ActionsSuppressor.
    """
    name, text = str(description["AlarmName"]), str(description["AlarmRule"])
    if description.get("ActionsSuppressor"):
        raise InputError(f"{name}: ActionsSuppressor is not supported, got {description['ActionsSuppressor']}")
    if not 0 < len(text) <= _MOST_CHARACTERS:
        raise InputError(f"{name}: AlarmRule must have 1..{_MOST_CHARACTERS} characters, got {len(text)}")
    expression, elements = parse(text)
    rule = CompositeRule(name, expression)
    if len(rule.children) > _MOST_CHILDREN:
        raise InputError(f"{name}: AlarmRule must name at most {_MOST_CHILDREN} alarms, got {len(rule.children)}")
    if elements > _MOST_ELEMENTS:
        raise InputError(f"{name}: AlarmRule must have at most {_MOST_ELEMENTS} elements, got {elements}")
    return rule


def name_of(reference: str) -> str:
    """The alarm's name: a rule may have its ARN instead."""
    return reference.split(":", 6)[6] if reference.startswith("arn:") and reference.count(":") >= 6 else reference


def _references(expression: Expression) -> Iterator[str]:
    match expression:
        case InState(reference=reference):
            yield reference
        case AtLeast(references=references):
            yield from references
        case Not(inner=inner):
            yield from _references(inner)
        case Both(parts=parts) | Either(parts=parts):
            for part in parts:
                yield from _references(part)


def _holds(expression: Expression, states: States) -> bool:
    match expression:
        case TruthValue(value=value):
            return value
        case InState(state=state, reference=reference):
            return states(name_of(reference)) == state
        case Not(inner=inner):
            return not _holds(inner, states)
        case Both(parts=parts):
            return all(_holds(part, states) for part in parts)
        case Either(parts=parts):
            return any(_holds(part, states) for part in parts)
        case AtLeast() as counted:
            return _enough(counted, states)


def _enough(counted: AtLeast, states: States) -> bool:
    hits = sum((states(name_of(ref)) == counted.state) != counted.negated for ref in counted.references)
    return hits * 100 >= counted.count * len(counted.references) if counted.percent else hits >= counted.count
