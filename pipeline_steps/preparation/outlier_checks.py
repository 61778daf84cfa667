"""What the recipe's outliers would do to a column of which most values are equal."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline_steps.preparation.table_finding import percent
from pipeline_steps.tables.use_case import Column

if TYPE_CHECKING:
    import pandas as pd

_ENDS = {
    "cap": "each of them becomes {middle}",
    "impute": "each of them becomes {middle}",
    "transform": "the distance of each from {middle} is compressed",
    "drop": "their rows are dropped from training",
}


def outliers_of_one_value(column: Column, train: "pd.Series[Any]", recipe: Mapping[str, Any]) -> Iterator[str]:
    """Say that both quartiles are equal, where the recipe's limits are taken from them."""
    given = _given(column.name, recipe) if column.kind == "number" else None
    detect, treat = (given.get("detect"), given.get("treat", "cap")) if isinstance(given, Mapping) else (given, "cap")
    known = train.dropna()
    if detect != "iqr" or known.empty:
        return
    first, third = np.quantile(known, [0.25, 0.75])
    if first == third and (others := float((known != first).mean())):
        end = _ENDS[treat].format(middle=f"{first:g}")
        yield (
            f"is {first:g} from the first quartile to the third, so outliers = iqr counts all other values, "
            f"{percent(others)} of the training rows, and {end}: give it another method by a rule, or none"
        )


def _given(name: str, recipe: Mapping[str, Any]) -> Any:
    """The stage's method for a column of numbers; the last rule that has one wins."""
    rules: Sequence[Mapping[str, Any]] = recipe.get("rules", ())
    its = [rule for rule in rules if "outliers" in rule and any(_matches(name, each) for each in rule["columns"])]
    return (its[-1] if its else recipe.get("numbers", {})).get("outliers")


def _matches(name: str, pattern: str) -> bool:
    return name == pattern or fnmatchcase(name, pattern)
