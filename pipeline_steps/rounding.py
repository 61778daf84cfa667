"""Numbers as people read them."""

import math

_ROUNDING_ERROR = 1e-12
_LEAST, _MOST = 1e-4, 1e15
"""Between them a number is written without an exponent."""


def rounded(value: float) -> str:
    """Four significant digits, whole numbers whole, thousands separated; a rounding error is 0.

    `slipway/rounding.py` has the same, compared by a contract test.
    """
    if abs(value) < _ROUNDING_ERROR:
        return "0"
    if not math.isfinite(value) or not _LEAST <= abs(value) < _MOST:
        return f"{value:.4g}"
    digits = max(0, 3 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if digits else text


def exact(value: float) -> str:
    """A number that a person chose: all its digits, thousands separated."""
    return f"{value:,.10g}"


def counted(number: float, one: str, several: str = "") -> str:
    """A number with what it counts: `1 row`, `2,000 rows`; `several` is the plural where an s does not make it.

    `slipway/rounding.py` has the same, compared by a contract test.
    """
    text = rounded(number)
    return f"{text} {one}" if text == "1" else f"{text} {several or one + 's'}"
