"""Numbers on the command line, refused with what is allowed."""

import argparse
from collections.abc import Callable


def bounded(low: float, high: float, *, whole: bool = False) -> Callable[[str], float]:
    """Make a parser of one number in `low`..`high`."""

    def parse(text: str) -> float:
        try:
            value: float = int(text) if whole else float(text)
        except ValueError as exc:
            kind = "a whole number" if whole else "a number"
            raise argparse.ArgumentTypeError(f"must be {kind} in {low:g}..{high:g}, got {text}") from exc
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"must be in {low:g}..{high:g}, got {text}")
        return value

    return parse
