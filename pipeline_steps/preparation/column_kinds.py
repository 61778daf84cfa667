"""The kind of a column, by its cells alone."""

import re
from collections.abc import Sequence

import numpy as np

from pipeline_steps.preparation.free_text import free_text
from pipeline_steps.tables.cells import MARKERS, MISSING_NUMBERS, parse_numbers
from pipeline_steps.tables.codes import are_codes
from pipeline_steps.tables.datetimes import ISO, detect_format, parse_datetime
from pipeline_steps.tables.use_case import Kind

_BOOLEANS = ({"true", "false"}, {"yes", "no"}, {"t", "f"}, {"y", "n"}, {"on", "off"})
_DAY_NUMBER = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_FEWEST_DATES = 3
_FIRST = 100


def kind_of_cells(texts: Sequence[str], *, decimal: str = ".") -> Kind | None:
    """Find the kind of a column of these distinct texts; None if all are missing."""
    known = [text for text in texts if text not in MISSING_NUMBERS]
    if not known:
        return None
    if _are_boolean(known):
        return "boolean"
    if len(known) >= _FEWEST_DATES and all(map(_is_day_number, known)):
        return "datetime"
    if not are_codes(known):
        if _are_numbers(known, decimal) or _are_numbers(
            [text for text in known if text.strip() not in MARKERS], decimal
        ):
            return "number"
        if len(known) >= _FEWEST_DATES and detect_format(known):
            return "datetime"
    return "text" if free_text(known) else "category"


def _are_boolean(texts: Sequence[str]) -> bool:
    """Whether they are one of the pairs of words, however spelled."""
    folded: set[str] = set()
    for text in texts:
        folded.add(text.strip().casefold())
        if len(folded) > len(_BOOLEANS[0]):
            return False
    return folded in _BOOLEANS


def _is_day_number(text: str) -> bool:
    """Whether it is a day such as 20260301."""
    if not _DAY_NUMBER.fullmatch(text):
        return False
    try:
        parse_datetime(text, ISO)
    except ValueError:
        return False
    return True


def _are_numbers(texts: Sequence[str], decimal: str) -> bool:
    if decimal != ".":
        if any("." in text for text in texts):
            return False
        texts = [text.replace(decimal, ".") for text in texts]
    few = texts[:_FIRST]  # of most columns that hold none, the first ones show it
    return bool(texts) and not np.isinf(parse_numbers(few)).any() and not np.isinf(parse_numbers(texts)).any()
