"""The columns that extraction works on: all that hold numbers, without missing values."""

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Sample, Values
from pipeline_steps.features.selection.selected import means_of


def numbers_of(sample: Sample, method: str) -> tuple[NDArray[np.int64], Values, Values]:
    """Give the places of the numbers, their values with the mean in the place of missing ones, and the means.

    Raises:
        StepError: there are no numbers.
    """
    places = np.flatnonzero([not feature.is_category for feature in sample.features])
    if not len(places):
        raise StepError(f"features.extract.{method} must be left out where no column is a number")
    values = sample.values[:, places]
    means = means_of(values)
    return places, np.where(np.isnan(values), means, values), means


def sources_of(sample: Sample, places: NDArray[np.int64]) -> tuple[str, ...]:
    """Name the table's columns that the columns at `places` are made of."""
    return tuple(dict.fromkeys(name for place in places for name in sample.features[place].sources))
