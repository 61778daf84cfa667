"""What the text of one cell means; training and serving read every cell with these rules."""

import math

MISSING_NUMBERS = frozenset({"", "NA", "N/A", "NaN", "nan", "NULL", "null"})
"""A category has only the empty cell: "NA" may be Namibia."""

LARGEST_NUMBER = 3.4028234663852886e38
"""The largest float32, which is what a model takes."""


def parse_number(text: str) -> float:
    """Read one number; missing is NaN.

    Raises:
        ValueError: the text is no number, or none that a float32 can hold.
    """
    if text in MISSING_NUMBERS:
        return math.nan
    value = float(text)
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER or "_" in text:  # float() takes inf and 1_000
        raise ValueError(text)
    return value


def number_text(value: float) -> str:
    """Write one number so that `parse_number` gives the same one back; whole numbers without a point."""
    if math.isnan(value):
        return ""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))


def shown(value: object) -> str:
    """Quote a value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
