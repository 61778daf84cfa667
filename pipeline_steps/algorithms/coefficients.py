"""The coefficients of a linear model, as numbers and in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.algorithms.encoding import Term
from pipeline_steps.algorithms.graphs.links import Link
from pipeline_steps.features.columns import CategoryColumn, FeatureColumn
from pipeline_steps.features.layout import encoded_names
from pipeline_steps.features.table_features import part_label
from pipeline_steps.tables.use_case import UseCase

_MOST = 200
"""The strongest ones are listed."""
_LARGEST_EXPONENT = 700.0
_SCALE = (
    "numbers by their standard deviation (a skewed number has its logarithm beside it, and both change together), "
    "categories and missing values as 0 or 1, and what a recipe has scaled or encoded as it is"
)
_MEANINGS: Mapping[Link, str] = {
    "logistic": "each coefficient adds to the log-odds of the label; its factor is the odds ratio",
    "softmax": "each coefficient adds to the logarithm of the label's probability before all are scaled to a sum of 1",
    "log": "each coefficient adds to the logarithm of the expected value; its factor multiplies the expectation",
    "identity": "each coefficient adds to the value",
}
_EFFECTS: Mapping[Link, str] = {
    "logistic": "the odds of {} are multiplied by {:.3g}",
    "softmax": "the probability of {}, before all are scaled to a sum of 1, is multiplied by {:.3g}",
    "log": "the expected {} is multiplied by {:.3g}",
}


@dataclass(frozen=True)
class Coefficients:
    """What a linear model multiplies and adds.

    Attributes:
        link: from the sums to the outputs.
        terms: the encoded columns.
        values: of each term and output, [terms, outputs], as the graph has them.
        intercepts: of each output.
        alpha: the strength of the penalty.
    """

    link: Link
    terms: Sequence[Term]
    values: NDArray[np.float32]
    intercepts: NDArray[np.float32]
    alpha: float


@runtime_checkable
class HasCoefficients(Protocol):
    """A fitted model that is linear in encoded columns."""

    def coefficients(self) -> Coefficients:
        """Give them."""


class _Names(NamedTuple):
    """How terms and outputs are called: columns by place, categories by name, outputs by place; which are dates."""

    columns: Sequence[str]
    categories: Mapping[str, CategoryColumn]
    outputs: Sequence[str]
    dates: frozenset[str]


def coefficients_document(
    found: Coefficients, names: Sequence[str], columns: Sequence[FeatureColumn], use_case: UseCase
) -> dict[str, Any]:
    """List the strongest coefficients of encoded columns, the greatest first; those of texts' buckets are left out.

    Args:
        found: what the model multiplies and adds.
        names: of the columns that the model was fitted on.
        columns: of the table, whose categories name the codes of those with the same name.
        use_case: its labels name the outputs.
    """
    categories = {column.name: column for column in columns if isinstance(column, CategoryColumn)}
    dates = frozenset(column.name for column in use_case.columns if column.kind == "datetime")
    known = _Names(names, categories, _outputs(found.link, use_case), dates)
    buckets = frozenset(encoded_names(columns)[len(columns) :])  # which mean nothing by themselves
    order = np.argsort(-np.abs(found.values), axis=None, kind="stable").tolist()
    places = (divmod(place, len(known.outputs)) for place in order)
    chosen = list(islice((each for each in places if names[found.terms[each[0]].column] not in buckets), _MOST))
    return {
        "meaning": _MEANINGS[found.link],
        "scale": _SCALE,
        "alpha": found.alpha,
        "intercepts": dict(zip(known.outputs, found.intercepts.tolist(), strict=True)),
        "terms": [_entry(found, known, term, output) for term, output in chosen],
        "left_out": found.values.size - len(chosen),
        "text_buckets": len(known.outputs) * sum(names[term.column] in buckets for term in found.terms),
    }


def _outputs(link: Link, use_case: UseCase) -> tuple[str, ...]:
    if link == "softmax":
        return use_case.classes
    return (use_case.classes[-1] if link == "logistic" else str(use_case.target),)


def _entry(found: Coefficients, known: _Names, place: int, output: int) -> dict[str, Any]:
    term, value = found.terms[place], float(found.values[place, output])
    column, label = known.columns[term.column], known.outputs[output]
    category = None if term.code is None else _category(column, known.categories.get(column), term.code)
    factor = None if found.link == "identity" or value > _LARGEST_EXPONENT else math.exp(value)
    return {
        "column": column,
        "term": term.kind,
        "category": category,
        "output": label,
        "coefficient": value,
        "factor": factor,
        "unit": term.unit,
        "mean": term.mean,
        "deviation": term.deviation,
        "change": (change := _change(term, column, category, is_date=column in known.dates)),
        "words": f"{change}: {_effect(found.link, label, value, factor)}",
    }


def _category(name: str, column: CategoryColumn | None, code: float) -> str:
    """Name a code of the column `name`, which is a part of a date where it is no column of the table."""
    if code < 0:
        return "missing"
    if column is None:
        return part_label(name, code) or f"{code:g}"
    return {known: text for text, known in column.codes.items()}.get(code, "other")


def _change(term: Term, column: str, category: str | None, *, is_date: bool) -> str:
    if term.kind == "category":
        return f"{column} is {category}"
    if term.kind == "missing":
        return f"{column} is missing"
    if term.kind == "number" and (term.mean, term.deviation) == (0, 1):  # the recipe has scaled or encoded it
        return f"{column} higher by 1"
    if term.kind == "logarithm":
        return f"log(1 + {column} / {term.unit:.3g}) higher by {term.deviation:.3g}, one standard deviation"
    higher = f"later by {term.deviation:.3g} days" if is_date else f"higher by {term.deviation:.3g}"
    return f"{column} {higher}, one standard deviation"


def _effect(link: Link, output: str, value: float, factor: float | None) -> str:
    if factor is None:
        return f"{output} is {'higher' if value > 0 else 'lower'} by {abs(value):.3g}"
    return _EFFECTS[link].format(output, factor)
