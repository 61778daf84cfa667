"""Texts that look alike and are not: how they differ."""

import unicodedata
from collections.abc import Iterable

from pipeline_steps.tables.cells import shown


def look_alike(text: str, known: Iterable[str]) -> str:
    """Say which of `known` differs from `text` only by what is easily overlooked, and by what; "" if none does."""
    plain = _plain(text)
    for other in known:
        if other != text and _plain(other) == plain:
            return f"{shown(other)}, which differs in {_difference(text, other)}"
    return ""


def same_name(one: str, other: str) -> bool:
    """Whether two names differ in nothing, or only by what is easily overlooked."""
    return _plain(one) == _plain(other)


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text).casefold()
    return "".join(each for each in normal if not each.isspace() and unicodedata.category(each) not in {"Cf", "Cc"})


def _difference(one: str, other: str) -> str:
    composed = [unicodedata.normalize("NFC", text) for text in (one, other)]
    if composed[0] == composed[1]:
        return "its Unicode normal form"
    if composed[0].casefold() == composed[1].casefold():
        return "upper and lower case"
    return "blanks or characters that do not show"
