"""The JSONPath that InputFilter and OutputFilter take, which is a part of the language.

See "Supported JSONPath Operators" on
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 63
_NAME = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*|\*)")
_BRACKETS = re.compile(r"\[([^\]]*)\]")
_CHILD = re.compile(r"""\s*(?:'([^']*)'|"([^"]*)")\s*""")
_INDEX = re.compile(r"\s*(-?\d+)\s*")
_SLICE = re.compile(r"\s*(-?\d*)\s*:\s*(-?\d*)\s*")

Select = Callable[[Any], Any]


class PathError(ValueError):
    """The expression is none that SageMaker takes, or selects nothing of a record."""


@dataclass(frozen=True)
class JsonPath:
    """Selects a part of one record; the whole for `$`."""

    text: str
    steps: tuple[Select, ...]

    @property
    def is_whole(self) -> bool:
        return not self.steps

    def of(self, record: Any) -> Any:
        """Give the part.

        Raises:
            PathError: the record does not have it.
        """
        value = record
        for step in self.steps:
            try:
                value = step(value)
            except (KeyError, IndexError, TypeError, AttributeError) as exc:
                raise PathError(f"{self.text} selects nothing of {str(record)[:80]}") from exc
        return value


def parse_path(text: str) -> JsonPath:
    """Read an expression.

    Raises:
        PathError: it is none.
    """
    if not text.startswith("$") or len(text) > LONGEST:
        raise PathError(f"JSONPath must begin with $ and have at most {LONGEST} characters, got {text}")
    at, steps = 1, []
    while at < len(text):
        if found := _NAME.match(text, at):
            steps.append(_wildcard if found[1] == "*" else _member(found[1]))
        elif found := _BRACKETS.match(text, at + (text[at : at + 2] == ".[")):
            steps.append(_in_brackets(found[1], text))
        else:
            raise PathError(f"JSONPath has an operator that is not supported at character {at}, got {text}")
        at = found.end()
    return JsonPath(text, tuple(steps))


def _member(name: str) -> Select:
    return lambda value: value[name] if isinstance(value, dict) else _missing(name)


def _missing(name: str) -> Any:
    raise KeyError(name)


def _wildcard(value: Any) -> Any:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _in_brackets(inside: str, text: str) -> Select:
    if inside.strip() == "*":
        return _wildcard
    parts = inside.split(",")
    if all(_CHILD.fullmatch(part) for part in parts):
        names = [found[1] or found[2] or "" for part in parts if (found := _CHILD.fullmatch(part))]
        return _member(names[0]) if len(names) == 1 else lambda value: {name: value[name] for name in names}
    picks = [_places(part, text) for part in parts]
    if len(picks) == 1 and isinstance(picks[0], int):
        place = picks[0]
        return lambda value: _listed(value)[place]
    return lambda value: [each for pick in picks for each in _picked(_listed(value), pick)]


def _places(part: str, text: str) -> int | slice:
    if found := _INDEX.fullmatch(part):
        return int(found[1])
    if found := _SLICE.fullmatch(part):
        start, end = (int(each) if each else None for each in found.groups())
        return slice(start, end)
    raise PathError(f"JSONPath has brackets that are not supported, [{part}], got {text}")


def _listed(value: Any) -> Sequence[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _picked(values: Sequence[Any], pick: int | slice) -> Sequence[Any]:
    return [values[pick]] if isinstance(pick, int) else values[pick]
