"""Components of the numbers, in their place or beside them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA, TruncatedSVD

from pipeline_steps.features.extraction.numbers import numbers_of, sources_of
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class Projected:
    """Sums of the columns at `places`, weighted, beside the columns at `others`.

    Attributes:
        features: the others, and the sums.
        filling: of each column, in the place of a missing value.
        centres: of each column, subtracted.
        weights: [columns, sums].
    """

    features: tuple[Feature, ...]
    others: NDArray[np.int64]
    places: NDArray[np.int64]
    filling: Values
    centres: Values
    weights: Values

    def transform(self, values: Values) -> Values:
        """Project rows."""
        chosen = values[:, self.places]
        known = np.where(np.isnan(chosen), self.filling, chosen)
        return np.concatenate([values[:, self.others], (known - self.centres) @ self.weights], axis=1)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        chosen = graph.node("Gather", block, graph.constant(self.places), axis=1)
        known = graph.node("Where", graph.node("IsNaN", chosen), graph.doubles(self.filling), chosen)
        centred = graph.node("Sub", known, graph.doubles(self.centres)) if self.centres.any() else known
        sums = graph.node("MatMul", centred, graph.doubles(self.weights))
        if not len(self.others):
            return sums
        others = graph.node("Gather", block, graph.constant(self.others), axis=1)
        return graph.node("Concat", others, sums, axis=1)


@dataclass(frozen=True)
class Components:
    """As many components, or as few as there are numbers or rows; with `keep` the numbers stay beside them."""

    components: int = 10
    keep: bool = False

    def _projected(
        self, sample: Sample, places: NDArray[np.int64], weights: Values, filling: Values, centres: Values
    ) -> Projected:
        everything = np.arange(len(sample.features))
        others = everything if self.keep else np.setdiff1d(everything, places)
        sources = sources_of(sample, places)
        made = [Feature(f"component {number + 1}", sources, trend=0) for number in range(weights.shape[1])]
        features = (*(sample.features[place] for place in others), *made)
        return Projected(features, others, places, filling, centres, weights)


@dataclass(frozen=True)
class Pca(Components):
    """Principal components: directions in which the centred numbers differ most."""

    def fit(self, sample: Sample) -> Projected:
        """Learn the components."""
        places, values, means = numbers_of(sample, "pca")
        found = PCA(min(self.components, *values.shape), svd_solver="full").fit(values)
        return self._projected(sample, places, found.components_.T, means, found.mean_)


@dataclass(frozen=True)
class Svd(Components):
    """Singular vectors of the numbers around 0: for counts and columns of 0 and 1."""

    def fit(self, sample: Sample) -> Projected:
        """Learn the vectors."""
        places, values, means = numbers_of(sample, "svd")
        found = TruncatedSVD(min(self.components, *values.shape), random_state=sample.seed).fit(values)
        return self._projected(sample, places, found.components_.T, means, np.zeros(len(places)))
