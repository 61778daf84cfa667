"""Columns that are kept, and how columns with missing values are scored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import DataError
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Selected:
    """The kept columns, and their places."""

    features: tuple[Feature, ...]
    places: NDArray[np.int64]

    def transform(self, values: Values) -> Values:
        """Select of rows."""
        return values[:, self.places]

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the node."""
        return graph.node("Gather", block, graph.constant(self.places), axis=1)


def selected(sample: Sample, kept: NDArray[np.bool_], method: str) -> Selected:
    """Keep the columns of a mask, in their order.

    Raises:
        DataError: none would be kept.
    """
    places = np.flatnonzero(kept)
    if not len(places):
        raise DataError(f"features.select must keep a column, got none of {len(kept)} by {method}")
    return Selected(tuple(sample.features[place] for place in places), places)


def means_of(values: Values) -> Values:
    """Give each column's mean of the known values; 0 where there is none."""
    absent = np.isnan(values)
    sums: Values = np.where(absent, 0.0, values).sum(axis=0)
    means: Values = sums / np.maximum((~absent).sum(axis=0), 1)
    return means


def filled(values: Values) -> Values:
    """Give values with each column's mean in the place of missing ones: for scores, which know none."""
    return np.where(np.isnan(values), means_of(values), values)
