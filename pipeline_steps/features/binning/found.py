"""Edges that are found in the training rows."""

from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans

from pipeline_steps.features.binning.edges import Edges
from pipeline_steps.features.method import Values

_FEWEST = 2
"""Bins, or different values."""
_MOST_VALUES = 10_000


@dataclass(frozen=True)
class QuantileBins(Edges):
    """Bins of as many training rows each; equal quantiles make fewer."""

    bins: int = 5

    def edges_of(self, known: Values) -> Values:
        if not len(known):
            return np.empty(0)
        edges: Values = np.unique(np.quantile(known, np.linspace(0, 1, self.bins + 1)[1:-1]))
        return np.compress(edges > known.min(), edges)


@dataclass(frozen=True)
class EqualWidthBins(Edges):
    """Bins of one width between the least value in training and the greatest."""

    bins: int = 5

    def edges_of(self, known: Values) -> Values:
        if len(np.unique(known)) < _FEWEST:
            return np.empty(0)
        edges: Values = np.unique(np.linspace(known.min(), known.max(), self.bins + 1)[1:-1])
        return edges


@dataclass(frozen=True)
class KMeansBins(Edges):
    """Bins around the centres that k-means finds; fewer where training has fewer different values."""

    bins: int = 5

    def edges_of(self, known: Values) -> Values:
        bins = min(self.bins, len(np.unique(known)))
        if bins < _FEWEST:
            return np.empty(0)
        # of many rows their quantiles say where the centres are
        values = np.quantile(known, np.linspace(0, 1, _MOST_VALUES)) if len(known) > _MOST_VALUES else known
        first = np.quantile(np.unique(values), (np.arange(bins) + 0.5) / bins)
        centres = np.sort(kmeans(values, first, thresh=0)[0])
        edges: Values = np.unique((centres[1:] + centres[:-1]) / 2)
        return edges
