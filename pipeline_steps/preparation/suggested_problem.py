"""The problem that a target suggests, and its positive label."""

from collections.abc import Mapping
from typing import NamedTuple

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import parse_number, quoted

_BINARY = 2
_MOST_NUMBERS, _FEWEST_ROWS_OF_A_NUMBER = 20, 10
_MOST_LABELS = 100
WITH_POSITIVE_LABEL = frozenset({"binary", "anomaly"})
_POSITIVE = ("yes", "true", "1", "y", "t", "positive", "pos", "on")


class SuggestedProblem(NamedTuple):
    """A problem with the reason for it; the positive label where there is one."""

    problem: str
    reason: str
    positive_label: str | None = None


def suggested_problem(target: str, labels: Mapping[str, int], *, decimal: str = ".") -> SuggestedProblem:
    """Choose the problem by the target's labels and how many rows each has.

    Raises:
        DataError: a model learns nothing from such a target.
    """
    rows = sum(labels.values())
    if len(labels) < _BINARY:
        only = ", ".join(map(quoted, labels)) or "no value"
        raise DataError(f"target {target} must have at least two values, got {only}")
    if len(labels) == _BINARY:
        return SuggestedProblem("binary", f"{target} has two values", positive_label(labels))
    numbers = [number for text in labels if (number := _number(text.replace(decimal, "."))) is not None]
    if len(numbers) == len(labels):
        whole = all(number.is_integer() for number in numbers)
        if whole and len(labels) <= _MOST_NUMBERS and rows >= _FEWEST_ROWS_OF_A_NUMBER * len(labels):
            return SuggestedProblem("multiclass", f"{target} has {len(labels)} different whole numbers")
        return SuggestedProblem("regression", f"{target} has {len(labels)} different numbers")
    if len(labels) > _MOST_LABELS:
        raise DataError(f"target {target} must have at most {_MOST_LABELS} labels, or numbers alone, got {len(labels)}")
    return SuggestedProblem("multiclass", f"{target} has {len(labels)} labels")


def positive_label(labels: Mapping[str, int]) -> str:
    """Choose the one that says yes, or else the rarer one."""
    for word in _POSITIVE:
        for label in labels:
            if label.strip().casefold() == word:
                return label
    return min(labels, key=lambda label: (labels[label], label))


def _number(text: str) -> float | None:
    try:
        return parse_number(text)
    except ValueError:
        return None
