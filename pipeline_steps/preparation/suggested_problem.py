"""The problem that a target suggests, and its positive label."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.preparation.target_shape import are_counts, has_long_tail
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import parse_number, quoted, shown
from pipeline_steps.tables.codes import are_codes
from pipeline_steps.tables.written_numbers import number_advice

_BINARY = 2
_MOST_NUMBERS, _FEWEST_ROWS_OF_A_NUMBER = 20, 10
_SOME_LABELS, _MOST_LABELS = 20, 100
WITH_POSITIVE_LABEL = frozenset({"binary", "anomaly"})
_POSITIVE = (
    *("yes", "true", "1", "y", "t", "positive", "pos", "on"),
    *("ja", "oui", "sí", "sì", "si", "sim", "tak", "да", "wahr", "vrai"),
)


Shape = Literal["counts", "long tail"]


class SuggestedProblem(NamedTuple):
    """A problem with the reason for it; the positive label where there is one; what numbers look like."""

    problem: str
    reason: str
    positive_label: str | None = None
    shape: Shape | None = None


def suggested_problem(target: str, labels: Mapping[str, int], *, decimal: str = ".") -> SuggestedProblem:
    """Choose the problem by the target's labels and how many rows each has.

    Raises:
        DataError: a model learns nothing from such a target.
    """
    rows, name = sum(labels.values()), shown(target)
    if len(labels) < _BINARY:
        only = ", ".join(map(quoted, labels)) or "no value"
        raise DataError(f"target {name} must have at least two values, got {only}")
    if len(labels) == _BINARY:
        return SuggestedProblem("binary", f"{name} has two values", positive_label(labels))
    if len(labels) <= _MOST_LABELS and are_codes(labels):
        return SuggestedProblem("multiclass", f"{name} has {len(labels)} different codes")
    if (numbers := _numbers(labels, decimal)) is not None:
        shape = shape_of(labels, decimal=decimal)
        if shape == "counts":
            return SuggestedProblem("regression", f"{name} has counts", shape=shape)
        whole = (numbers % 1 == 0).all()
        if whole and len(labels) <= _MOST_NUMBERS and rows >= _FEWEST_ROWS_OF_A_NUMBER * len(labels):
            return SuggestedProblem("multiclass", f"{name} has {len(labels)} different whole numbers")
        return SuggestedProblem("regression", f"{name} has {len(labels)} different numbers", shape=shape)
    if len(labels) > _SOME_LABELS and (advice := number_advice(list(labels), decimal=decimal)):
        raise DataError(f"target {name} {advice}")
    if len(labels) > _MOST_LABELS:
        found = f"{len(labels)} such as {quoted(next(each for each in labels if _numbers([each], decimal) is None))}"
        raise DataError(f"target {name} must have at most {_MOST_LABELS} labels, or numbers alone, got {found}")
    return SuggestedProblem("multiclass", f"{name} has {counted(len(labels), 'label')}")


def positive_label(labels: Mapping[str, int]) -> str:
    """Choose the one that says yes, or else the rarer one."""
    for word in _POSITIVE:
        for label in labels:
            if label.strip().casefold() == word:
                return label
    return min(labels, key=lambda label: (labels[label], label))


def shape_of(labels: Mapping[str, int], *, decimal: str = ".") -> Shape | None:
    """What numbers of these texts, each in so many rows, look like."""
    if (distinct := _numbers(labels, decimal)) is None:
        return None
    numbers = np.repeat(distinct, list(labels.values()))
    return "counts" if are_counts(numbers) else "long tail" if has_long_tail(numbers) else None


def _numbers(texts: Iterable[str], decimal: str) -> NDArray[np.float64] | None:
    try:
        numbers = np.array([parse_number(text.replace(decimal, ".")) for text in texts])
    except ValueError:
        return None
    return None if np.isnan(numbers).any() else numbers
