"""The Condition element: operators, and the context of a request that they compare."""

from collections.abc import Callable, Mapping, Sequence

from rehearsal.cloud.iam.wildcards import PolicyError, arn_matches, matches

Context = Mapping[str, str | Sequence[str]]
"""Condition keys, in any case, and their values in the request; a key that is not there is not in the request."""

Conditions = Mapping[str, Mapping[str, Sequence[str]]]
"""Operator → key → the policy's values."""

Test = Callable[[str, str], bool]
"""Takes the policy's value and the request's."""

_IF_EXISTS, _ANY, _ALL = "IfExists", "ForAnyValue:", "ForAllValues:"


def _number(test: Callable[[float, float], bool]) -> Test:
    def compare(wanted: str, given: str) -> bool:
        try:
            return test(float(given), float(wanted))
        except ValueError as exc:
            raise PolicyError(f"numbers are compared with numbers, got {given} and {wanted}") from exc

    return compare


_TESTS: Mapping[str, Test] = {
    "StringEquals": lambda wanted, given: wanted == given,
    "StringEqualsIgnoreCase": lambda wanted, given: wanted.lower() == given.lower(),
    "StringLike": matches,
    "ArnEquals": arn_matches,
    "ArnLike": arn_matches,
    "Bool": lambda wanted, given: wanted.lower() == given.lower(),
    "NumericEquals": _number(lambda given, wanted: given == wanted),
    "NumericLessThan": _number(lambda given, wanted: given < wanted),
    "NumericLessThanEquals": _number(lambda given, wanted: given <= wanted),
    "NumericGreaterThan": _number(lambda given, wanted: given > wanted),
    "NumericGreaterThanEquals": _number(lambda given, wanted: given >= wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
}
"""True, too, where the request has no such key."""


def check_operators(conditions: Conditions) -> None:
    """Reject what cannot be evaluated when the policy is read, and not only when a request matches it.

    Raises:
        PolicyError: an operator is not known.
    """
    for operator in conditions:
        if operator != "Null" and _bare(operator) not in (*_TESTS, *_NEGATED):
            known = ", ".join(sorted((*_TESTS, *_NEGATED, "Null")))
            raise PolicyError(f"condition operators must be among {known}, got {operator}")


def all_match(conditions: Conditions, context: Context) -> bool:
    """Whether every condition is met."""
    given = {key.lower(): value for key, value in context.items()}
    return all(
        _holds(operator, wanted, given.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def _bare(operator: str) -> str:
    return operator.removeprefix(_ANY).removeprefix(_ALL).removesuffix(_IF_EXISTS)


def _holds(operator: str, wanted: Sequence[str], given: str | Sequence[str] | None) -> bool:
    if operator == "Null":
        return any((given is None) == (value.lower() == "true") for value in wanted)
    name = _bare(operator)
    negated = name in _NEGATED
    if given is None:
        return operator.endswith(_IF_EXISTS) or operator.startswith(_ALL) or (negated and _ANY not in operator)
    values = [given] if isinstance(given, str) else list(given)
    test = _TESTS[_NEGATED.get(name, name)]
    found = [any(test(each, value) for each in wanted) != negated for value in values]
    if operator.startswith(_ANY):
        return any(found)
    if len(values) != 1 and not operator.startswith(_ALL):
        raise PolicyError(f"{operator} takes one value, got {len(values)}: ForAnyValue or ForAllValues takes several")
    return all(found)
