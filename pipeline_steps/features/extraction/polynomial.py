"""Products of the numbers, and powers of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import PolynomialFeatures

from pipeline_steps.errors import StepError
from pipeline_steps.features.extraction.numbers import numbers_of
from pipeline_steps.features.method import Feature, Sample, Values
from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.rounding import counted

_MOST_COLUMNS = 2000


@dataclass(frozen=True)
class Multiplied:
    """All columns, and behind them the products of the numbers among them.

    `factors` has for each product the places of its factors; a missing one makes the product missing.
    """

    features: tuple[Feature, ...]
    expansion: Any
    places: NDArray[np.int64]
    factors: tuple[tuple[int, ...], ...]

    def transform(self, values: Values) -> Values:
        """Multiply columns of rows."""
        numbers = values[:, self.places]
        absent = np.isnan(numbers)
        products = self.expansion.transform(np.where(absent, 1.0, numbers))[:, len(self.places) :]
        missing = np.stack([absent[:, list(factors)].any(axis=1) for factors in self.factors], axis=1)
        return np.concatenate([values, np.where(missing, np.nan, products)], axis=1)

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes: one product of as many columns as there are products, for each degree."""
        parts = [block]
        for degree in sorted({len(factors) for factors in self.factors}):
            of_degree = [factors for factors in self.factors if len(factors) == degree]
            product = ""
            for position in range(degree):
                places = self.places[[factors[position] for factors in of_degree]]
                chosen = graph.node("Gather", block, graph.constant(places), axis=1)
                product = graph.node("Mul", product, chosen) if product else chosen
            parts.append(product)
        return graph.node("Concat", *parts, axis=1)


@dataclass(frozen=True)
class Polynomial:
    """Every product of up to `degree` numbers; with `interactions` of different ones only."""

    degree: int = 2
    interactions: bool = False

    def fit(self, sample: Sample) -> Multiplied:
        """List the products."""
        places, values, _ = numbers_of(sample, "polynomial")
        expansion = PolynomialFeatures(self.degree, interaction_only=self.interactions, include_bias=False)
        expansion.fit(values[:1])
        if (made := len(sample.features) + expansion.n_output_features_) > _MOST_COLUMNS:
            raise StepError(
                f"features.extract.polynomial must make at most {_MOST_COLUMNS} columns, got {made} of "
                f"{counted(len(places), 'number')}: lower its degree or set interactions"
            )
        powers = expansion.powers_[len(places) :]
        factors = tuple(tuple(np.repeat(np.arange(len(places)), row).tolist()) for row in powers)
        numbers = [sample.features[place] for place in places]
        products = tuple(_feature([numbers[factor] for factor in one]) for one in factors)
        return Multiplied((*sample.features, *products), expansion, places, factors)


def _feature(factors: Sequence[Feature]) -> Feature:
    sources = tuple(dict.fromkeys(name for factor in factors for name in factor.sources))
    name = " * ".join(factor.name for factor in factors)
    return replace(factors[0], name=name, sources=sources, trend=0, is_ready=False)
