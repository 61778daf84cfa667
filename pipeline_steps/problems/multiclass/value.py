"""What it is worth to predict one label where another is right."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import StepError
from pipeline_steps.tables.cells import category, quoted
from pipeline_steps.tables.near_matches import near_match


def value_matrix(value: Mapping[str, Any], classes: Sequence[str]) -> NDArray[np.float64]:
    """Give the value of each (actual, predicted) pair, in the order of the classes; a pair not given is worth 0.

    Raises:
        StepError: a label of the matrix is no class.
    """
    places = {label: place for place, label in enumerate(classes)}
    matrix = np.zeros((len(classes), len(classes)))
    for actual, row in value["matrix"].items():
        for predicted, worth in row.items():
            matrix[_place(actual, places), _place(predicted, places)] = worth
    return matrix


def _place(label: str, places: Mapping[str, int]) -> int:
    if (place := places.get(category(label))) is not None:
        return place
    near = near_match(label, places)
    listed = f"one of {', '.join(list(places)[:10])}" + (", …" if len(places) > 10 else "")
    raise StepError(
        f"value.matrix must name labels of the target, {listed}; got {quoted(label)}"
        + (f"; there is {near}" if near else "")
    )
