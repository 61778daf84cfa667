"""Methods that need several columns at once, those whose earlier methods differ among them."""

from dataclasses import dataclass, replace

import numpy as np

from pipeline_steps.features.method import Feature, Fitted, Method, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter


@dataclass(frozen=True)
class InPlace:
    """A fitted method with a column for each of some columns; they and the others stay where they are."""

    features: tuple[Feature, ...]
    places: tuple[int, ...]
    fitted: Fitted

    def transform(self, values: Values) -> Values:
        """Apply it to its columns."""
        made = values.copy()
        made[:, list(self.places)] = self.fitted.transform(values[:, list(self.places)])
        return made

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add its nodes."""
        own = graph.node("Gather", block, graph.constant(np.array(self.places, dtype=np.int64)), axis=1)
        both = graph.node("Concat", block, self.fitted.write(graph, own), axis=1)
        order = np.arange(len(self.features))
        order[list(self.places)] = len(self.features) + np.arange(len(self.places))
        return graph.node("Gather", both, graph.constant(order), axis=1)


@dataclass(frozen=True)
class OnColumns:
    """A method on the columns of these names, among others."""

    method: Method
    names: frozenset[str]

    def fit(self, sample: Sample) -> InPlace:
        """Fit it on its columns."""
        places = tuple(place for place, feature in enumerate(sample.features) if feature.name in self.names)
        own = tuple(sample.features[place] for place in places)
        fitted = self.method.fit(replace(sample, features=own, values=sample.values[:, list(places)]))
        made = dict(zip(places, fitted.features, strict=True))
        features = tuple(made.get(place, feature) for place, feature in enumerate(sample.features))
        return InPlace(features, places, fitted)
