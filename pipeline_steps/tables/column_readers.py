"""One column's cells to values, a block of rows after the other, by its kind."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import MARKERS, MISSING_NUMBERS, boolean, category, parse_numbers, quoted, shown
from pipeline_steps.tables.codes import code_among
from pipeline_steps.tables.datetimes import detect_format, likely_format, parsed
from pipeline_steps.tables.use_case import Kind, TableFormat
from pipeline_steps.tables.written_numbers import ALLOWED_NUMBERS, are_too_large, are_written_numbers

_DISTINCT, _REMEMBERED = 50, 5_000
_FIRST = 1_000
"""Rows that show whether numbers are codes."""


@dataclass(frozen=True)
class CellRules:
    """How cells are written; `missing` as `TableFormat` has it, `datetime` a format that is tried first."""

    decimal: str = "."
    missing: frozenset[str] | None = None
    datetime: str | None = None

    @classmethod
    def of(cls, given: TableFormat, *, decimal: str) -> Self:
        """The rules that the settings give; `decimal` is the files' own."""
        missing = None if given.missing is None else frozenset(given.missing)
        return cls(decimal, missing, given.datetime)

    @property
    def empty(self) -> frozenset[str]:
        """The texts that stand for no number, date or boolean."""
        return MISSING_NUMBERS if self.missing is None else self.missing | {""}


class ColumnReader(Protocol):
    """Collects one column; `found` says what was detected, for the profile."""

    found: dict[str, Any]

    def take(self, cells: Sequence[str]) -> None:
        """Add a block of cells."""

    def values(self) -> NDArray[Any]:
        """Give all values; called once, before `problems`."""

    def problems(self, name: str) -> Iterator[str]:
        """Say what no value was made of, a line each."""


def reader_of(kind: Kind, rules: CellRules) -> ColumnReader:
    """Make the reader of a column."""
    made: Mapping[Kind, Callable[[CellRules], ColumnReader]] = {
        "number": _Numbers,
        "category": _Categories,
        "boolean": _Booleans,
        "datetime": _Datetimes,
        "text": _Texts,
    }
    return made[kind](rules)


@dataclass
class _Wrong:
    """Cells of which no value could be made: the first, how many, and the distinct ones as far as they are few."""

    first: str = ""
    texts: Counter[str] = field(default_factory=Counter)
    more: int = 0

    def add(self, text: str, row: int) -> None:
        self.first = self.first or f"{quoted(text)} in row {row}"
        if text in self.texts or len(self.texts) < _DISTINCT:
            self.texts[text] += 1
        else:
            self.more += 1

    def problem(self, name: str, must: str, hint: str = "") -> Iterator[str]:
        if count := self.texts.total() + self.more:
            yield f"column {shown(name)} must hold {must}, got {self.first} ({counted(count, 'such cell')}){hint}"


class _Numbers:
    """Float64 with NaN for missing."""

    def __init__(self, rules: CellRules) -> None:
        self.found: dict[str, Any] = {}
        self._rules, self._wrong, self._rows = rules, _Wrong(), 0
        self._blocks: list[NDArray[np.float64]] = []
        self._plain = rules.decimal == "." and rules.missing is None

    def take(self, cells: Sequence[str]) -> None:
        if not self._rows and (code := code_among(dict.fromkeys(cells[:_FIRST]))):
            self.found["code"] = code
        numbers = parse_numbers(cells if self._plain else [self._pointed(cell) for cell in cells])
        for place in np.flatnonzero(np.isinf(numbers)).tolist():
            self._wrong.add(cells[place], self._rows + place + 1)
        self._rows += len(cells)
        self._blocks.append(numbers)

    def values(self) -> NDArray[np.float64]:
        numbers = np.concatenate([np.empty(0), *self._blocks])
        markers = {text.strip() for text in self._wrong.texts}
        if markers and self._rules.missing is None and not self._wrong.more and markers <= MARKERS:
            self.found["missing"] = sorted(self._wrong.texts)
            numbers[np.isinf(numbers)] = math.nan
            self._wrong = _Wrong()
        return numbers

    def problems(self, name: str) -> Iterator[str]:
        yield from self._wrong.problem(name, "numbers", self._hint())

    def _hint(self) -> str:
        known = [text for text in self._wrong.texts if text.strip() in MARKERS]
        if known and self._rules.missing is None:
            return f"; [data.format] missing names the texts that mean a missing one, such as {quoted(known[0])}"
        if self._rules.decimal == "." and any(_is_number(text.replace(",", ".")) for text in self._wrong.texts):
            return '; with decimal commas, set [data.format] decimal = ","'
        if are_too_large(list(self._wrong.texts), decimal=self._rules.decimal):
            return f"; {ALLOWED_NUMBERS}"
        if are_written_numbers(self._wrong.texts):
            return f"; write digits and {self._rules.decimal!r} alone"
        return ""

    def _pointed(self, cell: str) -> str:
        """The cell as it would be with a decimal point, and empty where missing."""
        if cell.strip() in self._rules.empty:
            return ""
        if self._rules.decimal != "." and "." in cell:
            return _NO_NUMBER
        return cell.replace(self._rules.decimal, ".")


class _Categories:
    """Text, empty where missing."""

    def __init__(self, rules: CellRules) -> None:
        self.found: dict[str, Any] = {}
        self._cells: list[str] = []
        self._known: dict[str, str] = {}
        missing = rules.missing
        self._meaning = category if missing is None else lambda text: "" if text in missing else category(text)

    def take(self, cells: Sequence[str]) -> None:
        known = self._known  # what each text means, found once
        if len(known) > _REMEMBERED:  # most cells differ, and looking each up takes longer
            self._cells.extend(map(self._meaning, cells))
            return
        for text in set(cells).difference(known):
            known[text] = self._meaning(text)
        self._cells.extend(map(known.__getitem__, cells))

    def values(self) -> NDArray[np.object_]:
        return np.array(self._cells, dtype=object)

    def problems(self, name: str) -> Iterator[str]:  # noqa: ARG002 — every text is a category
        return iter(())


class _Texts:
    """Text without the blanks at its ends, empty where missing."""

    def __init__(self, rules: CellRules) -> None:
        self.found: dict[str, Any] = {}
        self._cells: list[str] = []
        self._missing = rules.missing or frozenset()

    def take(self, cells: Sequence[str]) -> None:
        stripped = map(str.strip, cells)
        self._cells.extend("" if text in self._missing else text for text in stripped)

    def values(self) -> NDArray[np.object_]:
        return np.array(self._cells, dtype=object)

    def problems(self, name: str) -> Iterator[str]:  # noqa: ARG002 — every text is one
        return iter(())


class _Booleans(_Categories):
    """`true`, `false`, or empty where missing."""

    def __init__(self, rules: CellRules) -> None:
        super().__init__(rules)
        self._wrong = _Wrong()
        self._meaning = lambda text: "" if text in rules.empty else _boolean(text)

    def take(self, cells: Sequence[str]) -> None:
        before = len(self._cells)
        super().take(cells)
        for place, meaning in enumerate(self._cells[before:]):
            if meaning is _NEITHER:
                self._wrong.add(cells[place], before + place + 1)

    def problems(self, name: str) -> Iterator[str]:
        yield from self._wrong.problem(name, "true or false (also yes and no, 1 and 0)")


class _Datetimes:
    """Days since 2000-01-01 as float64 with NaN; the format is found when all cells are known."""

    def __init__(self, rules: CellRules) -> None:
        self.found: dict[str, Any] = {}
        self._rules, self._wrong = rules, _Wrong()
        self._places: list[int] = []
        self._texts: dict[str, int] = {}

    def take(self, cells: Sequence[str]) -> None:
        texts = self._texts
        self._places.extend([texts.setdefault(text, len(texts)) for text in cells])

    def values(self) -> NDArray[np.float64]:
        texts = ["" if text.strip() in self._rules.empty else text for text in self._texts]
        form = self._rules.datetime or self._detected(texts)
        days = np.fromiter(parsed(texts, form), dtype=np.float64, count=len(texts))
        self.found["format"] = form
        places = np.array(self._places, dtype=np.int64)
        for row in np.flatnonzero(np.isinf(days)[places]).tolist() if texts else ():
            self._wrong.add(texts[places[row]], row + 1)
        return days[places] if texts else np.empty(0)

    def problems(self, name: str) -> Iterator[str]:
        hint = '; [data.format] datetime sets another format, such as "%d.%m.%Y"'
        yield from self._wrong.problem(name, f"dates or times as {self.found.get('format')}", hint)

    def _detected(self, texts: Sequence[str]) -> str:
        found = detect_format(texts)
        if found and found.also:
            self.found["also"] = found.also
        return found.format if found else likely_format(texts)


_NEITHER = "?"
_NO_NUMBER = "?"


def _boolean(text: str) -> str:
    try:
        return boolean(text)
    except ValueError:
        return _NEITHER


def _is_number(text: str) -> bool:
    return not math.isinf(parse_numbers([text])[0])
