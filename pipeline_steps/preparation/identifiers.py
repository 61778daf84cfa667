"""Columns that number or name the rows: a model would learn the rows by heart."""

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline_steps.preparation.free_text import free_text
from pipeline_steps.tables.use_case import Kind

if TYPE_CHECKING:
    import pandas as pd

_FEWEST_ROWS = 30
_UNIQUE_TEXTS = 0.95
_WITH_WORDS = 0.5
"""Of texts: fewer have more than one word."""
_DENSE = 2
_NAMED_SO = re.compile(r"(^|[^a-z])(id|uuid|guid|key|index|row|rowid|rownum|row_number|unnamed: 0)$", re.IGNORECASE)
_CAMEL = re.compile(r"[a-z](Id|ID|Key|UUID|GUID)$")


def is_identifier(name: str, kind: Kind, values: "pd.Series[Any]") -> bool:
    """Whether nearly every row has a value of its own that looks like a number or name of the row."""
    known = values[values != ""].dropna()
    if len(known) < _FEWEST_ROWS:
        return False
    unique = known.nunique() / len(known)
    if kind == "category":
        return unique > _UNIQUE_TEXTS
    if kind == "text":
        has_words = known.str.contains(" ", regex=False).mean() >= _WITH_WORDS
        return unique > _UNIQUE_TEXTS and not has_words and free_text(known.unique().tolist()) is None
    if kind != "number" or unique < 1 or (known % 1 != 0).any():
        return False
    numbers = known.to_numpy(dtype=np.float64)
    steps = np.diff(numbers)
    in_order = bool((steps > 0).all() or (steps < 0).all())
    dense = float(numbers.max() - numbers.min()) < _DENSE * len(numbers)
    return in_order or dense or named_as_identifier(name)


def named_as_identifier(name: str) -> bool:
    """Whether the name is that of an identifier, such as id, customer_id or CustomerId."""
    return bool(_NAMED_SO.search(name.strip()) or _CAMEL.search(name.strip()))
