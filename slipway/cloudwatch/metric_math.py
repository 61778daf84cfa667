"""CloudWatch's metric math, but for anomaly bands, searches, sorting and functions of the time of day.

Source: "Using metric math" in the CloudWatch user guide; its tables for comparisons and IF are tests.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slipway.cloudwatch.metric_functions import (
    FUNCTIONS,
    Array,
    Points,
    Value,
    as_points,
    each,
    is_scalar,
    linear,
    repeat,
)
from slipway.errors import InputError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z]\w*)|(?P<text>[\"'][^\"']*[\"'])|(?P<sign>&&|\|\||<=|>=|==|!=|<>|[-+*/^<>()\[\],]))"
)


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


def _power(a: float, b: float) -> float | None:
    try:
        found = a**b
    except (OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(found, complex) else found


_OPERATORS: dict[str, tuple[int, Callable[[float, float], float | None]]] = {
    "OR": (1, lambda a, b: float(bool(a) or bool(b))),
    "AND": (2, lambda a, b: float(bool(a) and bool(b))),
    "<": (3, operator.lt),
    "<=": (3, operator.le),
    ">": (3, operator.gt),
    ">=": (3, operator.ge),
    "==": (3, operator.eq),
    "!=": (3, operator.ne),
    "+": (4, operator.add),
    "-": (4, operator.sub),
    "*": (5, operator.mul),
    "/": (5, _divide),
    "^": (7, _power),
}
_ALIASES = {"||": "OR", "&&": "AND", "<>": "!="}
_UNARY = 6


def calculate(
    query: str, *, expressions: Mapping[str, str], metrics: Mapping[str, Points], length: int, period: int
) -> Points:
    """The datapoints of the expression named `query`, None where it has none.

    Raises:
        InputError: the expression is malformed, or names what does not exist.
    """
    return as_points(_Sheet(expressions, metrics, length, period).value_of(query), length)


def check_kind(query: str, *, expressions: Mapping[str, str], metrics: Mapping[str, Points], length: int) -> None:
    """See that an expression gives what an alarm takes: "any expression … must return a single time series".

    Raises:
        InputError: it gives a number or an array, or is malformed.
    """
    value = _Sheet(expressions, metrics, length, period=60).value_of(query)
    if is_scalar(value):
        raise InputError(f"expression {query} must give a time series, got a number from {expressions[query]}")
    as_points(value, length)


@dataclass
class _Sheet:
    """All queries of one alarm; each expression is worked out when another one asks for it."""

    expressions: Mapping[str, str]
    metrics: Mapping[str, Points]
    length: int
    period: int
    working: list[str] = field(default_factory=list)

    def value_of(self, name: str) -> Value:
        if name in self.metrics:
            return self.metrics[name]
        if name not in self.expressions:
            raise InputError(f"metric math names must be queries of the alarm, got {name}")
        if name in self.working:
            raise InputError(f"expressions must not refer to themselves, got {' -> '.join([*self.working, name])}")
        self.working.append(name)
        value = _Parser(self.expressions[name], self).whole()
        self.working.pop()
        return value


class _Parser:
    """Precedence climbing over one expression."""

    def __init__(self, text: str, sheet: _Sheet) -> None:
        self._text, self._sheet, self._at = text, sheet, 0
        self._kind, self._word = "", ""
        self._step()

    def whole(self) -> Value:
        value = self._binary(0)
        if self._kind:
            raise self._unexpected()
        return value

    def _step(self) -> None:
        rest = self._text[self._at :]
        found = _TOKEN.match(rest)
        if found:
            self._at += found.end()
            self._kind, self._word = str(found.lastgroup), found[str(found.lastgroup)]
            self._word = _ALIASES.get(self._word, self._word)
        elif rest.strip():
            raise InputError(f"metric math must be an expression, got {self._text} (at {rest.strip()})")
        else:
            self._kind = self._word = ""

    def _unexpected(self) -> InputError:
        return InputError(f"metric math must be an expression, got {self._text} (at {self._word or 'its end'})")

    def _expect(self, sign: str) -> None:
        if self._word != sign:
            raise self._unexpected()
        self._step()

    def _binary(self, least: int) -> Value:
        left = self._operand()
        while self._word in _OPERATORS and _OPERATORS[self._word][0] > least:
            strength, function = _OPERATORS[self._word]
            self._step()
            left = each(function, self._sheet.length, left, self._binary(strength))
        return left

    def _operand(self) -> Value:
        kind, word = self._kind, self._word
        self._step()
        if kind == "number":
            return float(word)
        if word == "-":
            return each(operator.neg, self._sheet.length, self._binary(_UNARY))
        if word == "(":
            inner = self._binary(0)
            self._expect(")")
            return inner
        if word == "[":
            return Array(tuple(points for value in self._list("]") for points in self._series(value)))
        if kind == "name":
            return self._call(word) if self._word == "(" else self._sheet.value_of(word)
        raise self._unexpected()

    def _series(self, value: Value) -> tuple[Points, ...]:
        """Arrays in an array, as in [METRICS("a"), METRICS("b")], are one."""
        return value.series if isinstance(value, Array) else (as_points(value, self._sheet.length),)

    def _list(self, end: str) -> list[Value]:
        values: list[Value] = []
        while self._word != end:
            values.append(self._binary(0))
            if self._word != end:
                self._expect(",")
        self._step()
        return values

    def _call(self, name: str) -> Value:
        self._step()
        # FILL's second argument may be a word instead of a value, that of METRICS a text.
        if name == "FILL":
            return self._fill()
        if name == "METRICS":
            return self._metrics()
        arguments = self._list(")")
        if name not in FUNCTIONS:
            known = ", ".join(sorted([*FUNCTIONS, "FILL", "METRICS"]))
            raise InputError(f"metric math function must be one of {known}, got {name}")
        try:
            return FUNCTIONS[name](self._sheet.length, self._sheet.period, *arguments)
        except TypeError as exc:
            raise InputError(f"{name} does not take {len(arguments)} arguments, got {self._text}") from exc

    def _metrics(self) -> Value:
        """Every metric; with a text, those whose Id contains it."""
        part = ""
        if self._kind == "text":
            part = self._word[1:-1]
            self._step()
        if self._word != ")":
            raise InputError(f"METRICS takes nothing or a text in quotes, got {self._text}")
        self._step()
        return Array(tuple(points for name, points in self._sheet.metrics.items() if part in name))

    def _fill(self) -> Value:
        value = self._binary(0)
        self._expect(",")
        if self._word in ("REPEAT", "LINEAR"):
            fill = repeat if self._word == "REPEAT" else linear
            self._step()
        else:
            filler = as_points(self._binary(0), self._sheet.length)

            def fill(points: Points) -> Points:
                return [other if point is None else point for point, other in zip(points, filler, strict=True)]

        self._expect(")")
        if isinstance(value, Array):
            return Array(tuple(fill(points) for points in value.series))
        return fill(as_points(value, self._sheet.length))
