"""The conditions of a Condition step."""

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.jobs.expressions import UnresolvedError

Resolve = Callable[[Any], Any]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
CONDITION_TYPES = (*_COMPARISONS, "In", "Not", "Or")


def is_true(condition: Mapping[str, Any], resolve: Resolve) -> bool:
    """Whether `condition` is true once its values are resolved.

    Raises:
        UnresolvedError: a value is missing, or two values cannot be compared.
    """
    match condition:
        case {"Type": "Not", "Expression": inner}:
            return not is_true(inner, resolve)
        case {"Type": "Or", "Conditions": list(inner)}:
            results = [is_true(each, resolve) for each in inner]  # all of them: a missing value must not hide
            return any(results)
        case {"Type": "In", "QueryValue": query, "Values": list(values)}:
            wanted = resolve(query)
            return any(_same_kind(wanted, value) and wanted == value for value in map(resolve, values))
        case {"Type": str(name), "LeftValue": left, "RightValue": right} if name in _COMPARISONS:
            return _compare(name, resolve(left), resolve(right))
    raise UnresolvedError(f"condition must have a known Type and its values, got {dict(condition)}")


def _compare(name: str, left: Any, right: Any) -> bool:
    if not _same_kind(left, right):
        raise UnresolvedError(f"{name} must compare two numbers, strings or truth values, got {left!r} and {right!r}")
    return _COMPARISONS[name](left, right)


def _same_kind(left: Any, right: Any) -> bool:
    def kind(value: Any) -> str:
        return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__

    return kind(left) == kind(right)


def errors(condition: Any) -> Iterator[str]:
    """What is wrong with the shape of a condition, before any value is known."""
    match condition:
        case {"Type": "Not", "Expression": inner}:
            yield from errors(inner)
        case {"Type": "Or", "Conditions": list(inner)}:
            for each in inner:
                yield from errors(each)
        case {"Type": "In", "QueryValue": _, "Values": list()}:
            pass
        case {"Type": str(name), "LeftValue": _, "RightValue": _} if name in _COMPARISONS:
            pass
        case {"Type": str(name)} if name not in CONDITION_TYPES:
            yield f"condition type must be one of {', '.join(CONDITION_TYPES)}, got {name}"
        case _:
            yield f"condition must have a Type and the values that go with it, got {condition}"
