"""Rows of a JSON body, one after the other: no more of it is parsed at once than a row and a window of text."""

import json
import json.scanner
import re
from collections.abc import Callable, Iterator
from typing import Any

from pipeline_steps.rounding import counted
from pipeline_steps.server.bodies import (
    WINDOW,
    Body,
    UnreadableBodyError,
    not_text,
    reason_of,
    refuse_constant,
    row_too_long,
    text_of,
)
from pipeline_steps.tables.cells import quoted

_BLANK = " \t\n\r"
_BLANKS = re.compile(f"[{_BLANK}]*")
_ROW_MEMBERS = ("instances", "inputs", "records", "data")
"""Members of a JSON body, of which one has its rows; those of `data` are lists, whose values `columns` names."""

_COLUMNS, _DATA = "columns", "data"
_SHAPE = (
    'the body must be {"instances": [row, …]} with at least one row, or have inputs, records, or columns and data in '
    "the place of instances, or be a list of rows"
)
_MOST_OTHERS = 16
_LONGEST_ESCAPE = len(r"\ud800\udc00")
_DECODER = json.JSONDecoder(parse_constant=refuse_constant)
# The types of the standard library ask for a scanner here, where Python takes a decoder.
_SCAN: Callable[[str, int], tuple[Any, int]] = json.scanner.make_scanner(_DECODER)  # type: ignore[arg-type]


def json_instances(body: Body, longest: int, *, window: int = WINDOW) -> Iterator[Any]:
    """Read the rows of `{"instances": [row, …]}` and its like, or of a list, one or more; other members are ignored.

    With the member `columns` a row is given by their names.

    Raises:
        UnreadableBodyError: it is no such JSON in UTF-8, or a row is longer than `longest` characters.
    """
    if len(body) <= longest and (rows := _plain_rows(body)):
        yield from rows
        return
    try:
        yield from _JsonBody(body, longest, window).rows()
    except UnicodeDecodeError as exc:
        raise not_text(exc) from exc


def _plain_rows(body: Body) -> list[Any] | None:
    """Rows of a short body in the usual form, parsed at once; None for anything else, whatever is wrong with it."""
    if b"\\" in body:  # a name may be written in two ways, and so stand twice
        return None
    try:
        document = _DECODER.decode(body.decode())
    except (ValueError, RecursionError):
        return None
    if isinstance(document, dict) and len(document) == 1:
        ((name, document),) = document.items()
        if name == _DATA or name not in _ROW_MEMBERS or body.count(f'"{name}"'.encode()) > 1:
            return None
    return document if isinstance(document, list) else None


class _JsonBody:
    """A place in a JSON text, of which a window is decoded."""

    def __init__(self, body: Body, longest: int, window: int) -> None:
        self._decoded_at_once = max(window, longest + 1)
        self._source = text_of(body, len(body), window) if len(body) > window else None
        self._window = "" if self._source else body.decode("utf-8-sig")
        self._longest = longest
        self._at = self._before = self._row = 0
        self._beside = _SHAPE
        """The error for a value that is too long outside of the rows."""

    def rows(self) -> Iterator[Any]:
        first = self._next()
        if first == "{":
            self._at += 1
            return self._members()
        if first == "[":
            return self._list()
        self._value()
        raise UnreadableBodyError(_SHAPE)

    def _list(self) -> Iterator[Any]:
        yield from self._instances()
        self._check_end()

    def _check_end(self) -> None:
        if self._next():
            raise self._not_json("Extra data", self._at)

    def _members(self) -> Iterator[Any]:
        found, others, columns = "", 0, None
        while found or self._next() != "}":
            if self._next() != '"':
                raise self._not_json("Expecting property name enclosed in double quotes", self._at)
            self._beside = self._member_too_long("the name of a member")
            name = self._value()
            self._take(":")
            if name not in _ROW_MEMBERS:
                others += 1
                if others > _MOST_OTHERS:
                    raise UnreadableBodyError(f"the body must have at most {_MOST_OTHERS} members beside its rows")
                self._beside = self._member_too_long(f"member {quoted(name)}")
                value = self._value()
                columns = value if name == _COLUMNS else columns
            elif found:
                raise UnreadableBodyError(f"the body must name its rows once, got {found} and {name}")
            else:
                found = name
                yield from self._instances() if name != _DATA else self._named_rows(columns)
            if self._take(",}") == "}":
                break
        if not found:
            raise UnreadableBodyError(_SHAPE)
        self._check_end()

    def _named_rows(self, columns: Any) -> Iterator[Any]:
        if not _are_names(columns):
            raise UnreadableBodyError('"columns", a list of different names, must stand before "data"')
        for row in self._instances():
            if not isinstance(row, list) or len(row) != len(columns):
                what = f"{counted(len(row), 'value')}" if isinstance(row, list) else type(row).__name__
                raise UnreadableBodyError(
                    f"row {self._row} must be a list of {counted(len(columns), 'value')}, got {what}"
                )
            yield dict(zip(columns, row, strict=True))

    def _instances(self) -> Iterator[Any]:
        """The rows of a list."""
        if self._next() != "[":
            self._beside = _SHAPE
            self._value()
            raise UnreadableBodyError(_SHAPE)
        self._at += 1
        self._beside = ""
        if self._next() == "]":
            raise UnreadableBodyError(_SHAPE)
        while True:
            self._row += 1
            yield self._value()
            if self._take(",]") == "]":
                return

    def _value(self) -> Any:
        self._next()
        if self._source is not None and len(self._window) - self._at <= self._longest:
            self._decode_more()
        start = self._at
        try:
            value, end = _SCAN(self._window, start)
        except StopIteration as exc:
            raise self._not_json("Expecting value", exc.value) from exc
        except json.JSONDecodeError as exc:
            raise self._not_json(exc.msg, exc.pos) from exc
        except (ValueError, RecursionError) as exc:
            raise UnreadableBodyError(f"the body must be JSON: {reason_of(exc)}") from exc
        if end - start > self._longest:
            raise self._too_long()
        self._at = end
        return value

    def _take(self, allowed: str) -> str:
        found = self._next()
        if not found or found not in allowed:
            raise self._not_json(f"Expecting {' or '.join(map(repr, allowed))}", self._at)
        self._at += 1
        return found

    def _next(self) -> str:
        """Skip blanks; gives the character behind them, none at the end."""
        while True:
            here = self._window[self._at : self._at + 1]
            if here and here not in _BLANK:
                return here
            self._at = _end_of_blanks(self._window, self._at)
            if self._at == len(self._window) and not self._decode_more():
                return ""

    def _decode_more(self) -> bool:
        """Put enough for the longest value behind what is unread; False at the end of the body."""
        more = self._source.read(self._decoded_at_once) if self._source else ""
        if not more:
            self._source = None
            return False
        self._before += self._at
        self._window, self._at = self._window[self._at :] + more, 0
        return True

    def _member_too_long(self, what: str) -> str:
        return f"{what} must be at most {self._longest} characters long: leave out what is no row"

    def _too_long(self) -> UnreadableBodyError:
        return UnreadableBodyError(self._beside) if self._beside else row_too_long(self._row, self._longest)

    def _not_json(self, reason: str, place: int) -> UnreadableBodyError:
        cut_off = reason.startswith("Unterminated") or place > len(self._window) - _LONGEST_ESCAPE
        where = self._before + place
        if cut_off and self._decode_more():
            return self._too_long()
        return UnreadableBodyError(f"the body must be JSON: {reason.removesuffix(' at')} at character {where}")


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def _end_of_blanks(text: str, start: int) -> int:
    found = _BLANKS.match(text, start)
    return found.end() if found else start
