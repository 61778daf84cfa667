"""Digits that count nothing: postal codes, account numbers, telephone numbers."""

import re
from collections.abc import Collection

from pipeline_steps.tables.cells import MARKERS, MISSING_NUMBERS

_DIGITS = re.compile(r"\+?[0-9]+")
_PHONE = re.compile(r"\+[0-9]{7,15}")
_FEW_ZEROS = 0.05
"""Of numbers that differ in length, so few with zeros before them are numbers all the same."""


def code_among(texts: Collection[str]) -> str | None:
    """Of distinct texts that are codes, the first whose sign or zeros a number would lose; None where they are none."""
    known = [text for text in map(str.strip, texts) if text not in MISSING_NUMBERS and text not in MARKERS]
    if not all(map(_DIGITS.fullmatch, known)):
        return None
    if signed := [text for text in known if text.startswith("+")]:
        return signed[0] if all(map(_PHONE.fullmatch, signed)) else None
    padded = [text for text in known if text.startswith("0") and len(text) > 1]
    same_length = len(set(map(len, known))) == 1
    return padded[0] if padded and (same_length or len(padded) > _FEW_ZEROS * len(known)) else None


def are_codes(texts: Collection[str]) -> bool:
    """Whether distinct texts are codes."""
    return code_among(texts) is not None
