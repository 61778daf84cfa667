"""Numbers as people read them."""

import math

_ROUNDING_ERROR = 1e-12
_LEAST, _MOST = 1e-4, 1e15
"""Between them a number is written without an exponent."""


def rounded(value: float, *, beside: float = 0.0) -> str:
    """Four significant digits, whole numbers whole, thousands separated; a rounding error is 0.

    `pipeline_steps/rounding.py` has the same, compared by a contract test.

    Args:
        value: the number.
        beside: a number that it is shown with: the larger of both decides how many decimals there are.
    """
    size = max(abs(value), abs(beside))
    if abs(value) < _ROUNDING_ERROR:
        return "0"
    if not math.isfinite(value) or not _LEAST <= size < _MOST:
        return f"{value:.4g}"
    digits = max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{digits}f}"
    text = text.rstrip("0").rstrip(".") if digits else text
    return "0" if text == "-0" else text


def with_interval(value: float, low: float, high: float) -> str:
    """A number with its interval, all with the same decimals."""
    widest = max(abs(value), abs(low), abs(high))
    value_text, low_text, high_text = (rounded(each, beside=widest) for each in (value, low, high))
    return f"{value_text} ({low_text} to {high_text})"


def counted(number: float, one: str, several: str = "") -> str:
    """A number with what it counts: `1 row`, `2,000 rows`; `several` is the plural where an s does not make it.

    `pipeline_steps/rounding.py` has the same, compared by a contract test.
    """
    text = rounded(number)
    return f"{text} {one}" if text == "1" else f"{text} {several or one + 's'}"
