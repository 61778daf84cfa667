"""One file of a table: what it is, and its text."""

import codecs
import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TextIO

from pipeline_steps.errors import DataError
from pipeline_steps.rounding import counted
from pipeline_steps.tables.csv_rows import csv_rows
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.use_case import TableFormat

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # which begins as UTF-16 does
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_ALLOWED = "data must be text in UTF-8, UTF-16, UTF-32, or with one byte a character"
_DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_SAMPLE_ROWS = 50
_BYTES_A_ZERO = 2_000
"""At most, of UTF-16: text with fewer zeros is damaged."""


@dataclass(frozen=True)
class TextFormat:
    """How a file of text is written."""

    encoding: str
    delimiter: str


def is_parquet(path: Path) -> bool:
    """Whether the file begins as Parquet does."""
    return _begins_with(path, b"PAR1")


def open_text(path: Path, encoding: str) -> TextIO:
    """Open the file's text, unpacked where it is gzip."""
    if _is_packed(path):
        return gzip.open(path, "rt", encoding=encoding, newline="")
    return path.open(encoding=encoding, newline="")


def create_text(path: Path, like: Path, encoding: str) -> TextIO:
    """Create a file of text that is packed if `like` is."""
    if _is_packed(like):
        return gzip.open(path, "wt", encoding=encoding, newline="")
    return path.open("w", encoding=encoding, newline="")


def text_format(path: Path, given: TableFormat, names: Sequence[str]) -> TextFormat:
    """Find how the file is written, as far as `given` does not say; `names` are columns that it should have.

    Raises:
        DataError: it is no text, or a workbook, or UTF-8 with bytes that are none.
    """
    if _begins_with(path, b"PK\x03\x04"):
        raise DataError(f"data must be CSV, gzip or Parquet, got a workbook or zip file {path}: save its table as CSV")
    encoding = given.encoding or _encoding(path)
    if given.delimiter:
        return TextFormat(encoding, given.delimiter)
    try:
        with open_text(path, encoding) as file:
            lines = list(islice(file, _SAMPLE_ROWS))
    except UnicodeError as exc:
        raise DataError(f"{_ALLOWED}, got {path}, which is not {encoding}: {exc}") from exc
    return TextFormat(encoding, _delimiter(lines, names))


def _encoding(path: Path) -> str:
    with _opened(path) as file:
        start = file.read(_CHUNK)
        for mark, encoding in _MARKS.items():
            if start.startswith(mark):
                return encoding
        if b"\x00" in start:
            if wide := _wide(start):
                return wide
            zeros = start[::2].count(0), start[1::2].count(0)
            # UTF-16 has them in every other place, and of each delimiter and line break
            if min(zeros) * 4 > max(zeros) or sum(zeros) * _BYTES_A_ZERO < len(start):
                raise DataError(f"{_ALLOWED}, got {path} with {counted(sum(zeros), 'zero byte')}")
            return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        decoder, beyond_ascii = codecs.getincrementaldecoder("utf-8")(), False
        while start:
            try:
                beyond_ascii = not decoder.decode(start).isascii() or beyond_ascii
            except UnicodeDecodeError as exc:
                # other characters were UTF-8, so this one is damaged; in cp1252 they would all be unreadable
                beyond_ascii = beyond_ascii or not start[: exc.start].isascii()
                if beyond_ascii:
                    raise DataError(f"data must be UTF-8 throughout, as it begins, got {path}: {exc}") from exc
                return "cp1252" if _reads(path, "cp1252") else "latin-1"
            start = file.read(_CHUNK)
    return "utf-8"


def _wide(start: bytes) -> str | None:
    """UTF-32 without a mark: each character's highest byte is zero, and nearly always the one beside it."""
    places = len(start) // 4
    for encoding, highest, beside in (("utf-32-le", 3, 2), ("utf-32-be", 0, 1)):
        zeros = start[highest::4].count(0), start[beside::4].count(0)
        if len(start) % 4 == 0 and zeros[0] == places and 2 * zeros[1] > places:
            return encoding
    return None


def _reads(path: Path, encoding: str) -> bool:
    try:
        with _opened(path) as file:
            while chunk := file.read(_CHUNK):
                chunk.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _opened(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if _is_packed(path) else path.open("rb")


def _is_packed(path: Path) -> bool:
    return _begins_with(path, b"\x1f\x8b")


def _begins_with(path: Path, mark: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(mark)) == mark


def _delimiter(lines: Sequence[str], names: Sequence[str]) -> str:
    wanted = {plain_name(name) for name in names}

    def fit(delimiter: str) -> tuple[int, int]:
        try:
            rows = [row for row in csv_rows(lines, delimiter) if row]
        except csv.Error:  # a quoted cell that the sample cuts off, or that another delimiter ends
            rows = []
        header = rows[0] if rows else []
        alike = len({len(row) for row in rows}) == 1
        return len(wanted & {plain_name(name) for name in header}), len(header) * alike

    best = max(_DELIMITERS, key=fit)  # the first of equals, a comma
    return best if fit(best) > (0, 1) else ","
