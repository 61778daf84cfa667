"""Texts that are numbers to people, and none to a model: amounts with a currency, per cents, separated thousands."""

import re
from collections.abc import Iterable, Sequence

from pipeline_steps.tables.cells import LARGEST_NUMBER, quoted

_UNIT = (
    r"(?:[%$€£¥₹₩]|R\$|kr\.?|zł|Kč|Fr\.?"
    r"|EUR|USD|GBP|CHF|JPY|CNY|INR|AUD|CAD|NZD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|TRY|KRW|SGD|HKD)"
)
_NUMBER = r"(?:\d{1,3}(?:[.,'\u2019\s]\d{3})+|\d+)(?:[.,]\d+)?"
_WRITTEN = re.compile(rf"\s*\(?[+-]?\s?{_UNIT}?\s?[+-]?{_NUMBER}\s?-?{_UNIT}?\)?\s*")
"""With a unit before or behind it; a negative amount may be in brackets."""


def are_written_numbers(texts: Iterable[str]) -> bool:
    """Whether all are numbers as people write them."""
    return all(map(_WRITTEN.fullmatch, texts))


def number_advice(texts: Sequence[str], *, decimal: str = ".") -> str | None:
    """What to do about texts that are numbers to people; None where they are not."""
    if not texts or not are_written_numbers(texts):
        return None
    if all(set(text) <= set("+-0123456789 ") for text in texts):
        return f"holds numbers beyond {LARGEST_NUMBER:.1e}, which no model takes: write them in a larger unit"
    return f"holds numbers such as {quoted(texts[0])}: write digits and {decimal!r} alone to use it"
