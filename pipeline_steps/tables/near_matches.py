"""Texts that differ only in what is easily overlooked, and how."""

import unicodedata
from collections.abc import Iterable

from pipeline_steps.tables.cells import quoted


def near_match(text: str, known: Iterable[str]) -> str:
    """Say which of `known` differs from `text` only by what is easily overlooked, and by what; "" if none does."""
    plain = folded(text)
    for other in known:
        if other != text and folded(other) == plain:
            return f"{quoted(other)}, which differs in {_difference(text, other)}"
    return ""


def folded(text: str) -> str:
    """Leave out what is easily overlooked: case, Unicode normal form, blanks and invisible characters."""
    if text.isascii() and text.isprintable():
        return text.lower().replace(" ", "")
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in normal if not each.isspace() and unicodedata.category(each) not in {"Cf", "Cc"})


def _difference(one: str, other: str) -> str:
    composed = [unicodedata.normalize("NFC", text) for text in (one, other)]
    if composed[0] == composed[1]:
        return "its Unicode normal form"
    if composed[0].casefold() == composed[1].casefold():
        return "upper and lower case"
    return "blanks or invisible characters"
