"""Command lines that end in a `StepError` instead of a usage text and exit code 2."""

import argparse
from typing import NoReturn

from pipeline_steps.errors import ArgumentError


class StepParser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviations and raises what is wrong."""

    def __init__(self, verb: str) -> None:
        super().__init__(prog=f"pipeline_steps {verb}", allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Report a bad command line the way every other bad input is reported."""
        raise ArgumentError(f"{self.prog}: {message}")


def percent(text: str) -> int:
    """Parse a share of the rows; 5 to 40 leaves at least a fifth for training."""
    if not text.isdecimal() or not 5 <= int(text) <= 40:
        raise argparse.ArgumentTypeError(f"must be a whole number in 5..40, got {text}")
    return int(text)


def share(text: str) -> float:
    """Parse a number between 0 and 1."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"must be a number in 0..1, got {text}")
    return value


def finite(text: str) -> float:
    """Parse a number that is neither infinite nor NaN."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if value - value != 0:
        raise argparse.ArgumentTypeError(f"must be a finite number, got {text}")
    return value


def positive(text: str) -> float:
    """Parse a finite number above 0."""
    if not (value := finite(text)) > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def percentage(text: str) -> float:
    """Parse a number of percent, 0 to 100."""
    if not 0 <= (value := finite(text)) <= 100:
        raise argparse.ArgumentTypeError(f"must be a number of percent in 0..100, got {text}")
    return value


def whole(text: str) -> int:
    """Parse a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text}")
    return int(text)
