"""Texts that are numbers to people, and none to a model: amounts with a currency, per cents, separated thousands."""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import LARGEST_NUMBER, parse_numbers, quoted

if TYPE_CHECKING:  # the server reads no table
    import pandas as pd

_UNIT = (
    r"(?:[%$€£¥₹₩]|R\$|kr\.?|zł|Kč|Fr\.?"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|SGD|HKD)"
)
_NUMBER = r"(?:\d{1,3}(?:[.,'\u2019\s]\d{3})+|\d+)(?:[.,]\d+)?"
_WRITTEN = re.compile(rf"\s*\(?[+-]?\s?{_UNIT}?\s?[+-]?{_NUMBER}\s?-?{_UNIT}?\)?\s*")
"""With a unit before or behind it; a negative amount may be in brackets."""
ALLOWED_NUMBERS = (
    f"a model takes numbers from -{LARGEST_NUMBER:.1e} to {LARGEST_NUMBER:.1e}: write them in a larger unit, or leave "
    "the cell empty"
)


def are_written_numbers(texts: Iterable[str]) -> bool:
    """Whether all are numbers as people write them."""
    return all(map(_WRITTEN.fullmatch, texts))


def are_too_large(texts: Sequence[str], *, decimal: str = ".") -> bool:
    """Whether there are numbers, or infinities, that no model takes, and no other text that is none."""
    pointed = [text.replace(decimal, ".") for text in texts]
    wrong = [pointed[place] for place in np.flatnonzero(np.isinf(parse_numbers(pointed))).tolist()]
    return bool(wrong) and all(map(_is_too_large, wrong))


def too_large(cells: "pd.Series[str]", *, decimal: str = ".") -> str | None:
    """What to say of a column that `are_too_large` finds: the first such number with its row, and what is allowed."""
    if not are_too_large(cells.unique().tolist(), decimal=decimal):
        return None
    rows: list[int] = cells.index[[_is_too_large(text.replace(decimal, ".")) for text in cells]].tolist()
    return f"got {quoted(cells[rows[0]])} in row {rows[0] + 1} ({counted(len(rows), 'such row')}); {ALLOWED_NUMBERS}"


def number_advice(texts: Sequence[str], *, decimal: str = ".") -> str | None:
    """What to do about texts that are numbers to people; None where they are not."""
    if are_too_large(texts, decimal=decimal):
        first = next(text for text in texts if _is_too_large(text.replace(decimal, ".")))
        return f"holds {quoted(first)}, and {ALLOWED_NUMBERS}"
    if not texts or not are_written_numbers(texts):
        return None
    return f"holds numbers such as {quoted(texts[0])}: write digits and {decimal!r} alone to use it"


def _is_too_large(text: str) -> bool:
    try:
        return "_" not in text and abs(float(text)) > LARGEST_NUMBER
    except ValueError:
        return False
