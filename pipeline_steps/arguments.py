"""Command lines that end in a `StepError` instead of a usage text and exit code 2."""

import argparse
import math
from collections.abc import Callable
from dataclasses import fields
from typing import Any, NoReturn, TypeVar, cast

from pipeline_steps.errors import ArgumentError

Made = TypeVar("Made")


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
    if not 0 <= (value := _number(text)) <= 1:
        raise argparse.ArgumentTypeError(f"must be a number in 0..1, got {text}")
    return value


def finite(text: str) -> float:
    """Parse a number that is neither infinite nor NaN."""
    if not math.isfinite(value := _number(text)):
        raise argparse.ArgumentTypeError(f"must be a finite number, got {text}")
    return value


def positive(text: str) -> float:
    """Parse a finite number above 0."""
    if not (value := finite(text)) > 0:
        raise argparse.ArgumentTypeError(f"must be above 0, got {text}")
    return value


def at_least_zero(text: str) -> float:
    """Parse a finite number of 0 or more."""
    if not (value := finite(text)) >= 0:
        raise argparse.ArgumentTypeError(f"must be at least 0, got {text}")
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


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def from_arguments(kind: Callable[..., Made], arguments: argparse.Namespace, **others: object) -> Made:
    """Make a dataclass of the arguments with the names of its fields; `others` are fields of other names."""
    own = {
        field.name: getattr(arguments, field.name) for field in fields(cast("Any", kind)) if field.name not in others
    }
    return kind(**own, **others)
