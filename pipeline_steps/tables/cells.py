"""The meaning of one cell's text; training, serving and monitoring read every cell by these rules."""

import math
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MISSING_NUMBERS = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null"})
"""A category has only the empty cell: "NA" may be Namibia."""

MARKERS = frozenset(
    {"?", "-", "--", ".", "n/a", "#N/A", "#NA", "<NA>", "None", "none", "NONE", "NIL", "missing", "Missing", "unknown"}
)
"""What tables write where a number is missing; only if nothing else in the column is no number."""

LARGEST_NUMBER = 3.4028234663852886e38
"""The largest float32, which is what a model takes."""

RARE_ROWS = 10
"""A category with fewer training rows is grouped with the other rare ones."""

_WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))\.0*")


def parse_number(text: str) -> float:
    """Read one number; missing is NaN.

    Raises:
        ValueError: the text is no number, or too large for a float32.
    """
    if text in MISSING_NUMBERS:
        return math.nan
    value = float(text)
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER or "_" in text:  # float() takes inf and 1_000
        raise ValueError(text)
    return value


_AS_NAN = dict.fromkeys(MISSING_NUMBERS, "nan")


def parse_numbers(texts: Sequence[str]) -> NDArray[np.float64]:
    """Read many as `parse_number` does; infinity stands for what is no number."""
    try:
        numbers = np.fromiter(map(float, map(_AS_NAN.get, texts, texts)), dtype=np.float64, count=len(texts))
    except ValueError:
        return np.fromiter(map(_number_or_infinity, texts), dtype=np.float64, count=len(texts))
    doubtful = ~(np.abs(numbers) <= LARGEST_NUMBER)  # NaN too, which float() reads from more texts than it should
    if "_" in "".join(texts):
        doubtful[:] = True
    for place in np.flatnonzero(doubtful).tolist():
        numbers[place] = _number_or_infinity(texts[place])
    return numbers


def _number_or_infinity(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        return math.inf  # which no text stands for


def number_text(value: float) -> str:
    """Write one number so that `parse_number` gives the same one back; whole numbers without a point."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))


def category(text: str) -> str:
    """Read one category: `1.0` is the category 1, as a table has it whose column also has empty cells."""
    if text[-1:] in ".0" and "." in text and (whole := _WHOLE.fullmatch(text)):
        text = whole[1]
    return "0" if text == "-0" else text


_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), "true"),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), "false"),
}


def boolean(text: str) -> str:
    """Read true or false, in any of its usual spellings; missing is empty.

    Raises:
        ValueError: the text is neither.
    """
    if text in MISSING_NUMBERS:
        return ""
    if (found := _BOOLEANS.get(text.strip().casefold())) is None:
        raise ValueError(text)
    return found


def quoted(value: object) -> str:
    """Quote a value for a message, cut where it is long; in a text, no character is invisible or joins another."""
    text = repr(value)
    if isinstance(value, str) and not text.isascii():
        text = "".join(_escaped(each) if unicodedata.combining(each) else each for each in text)
    return text if len(text) <= 60 else text[:57] + "..."


def shown(name: str) -> str:
    """Write a column's name into a message: quoted where it would not be read as the name that it is."""
    plain = name and name == name.strip() and quoted(name) == repr(name) and name.isprintable()
    return name if plain else quoted(name)


def _escaped(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode()
