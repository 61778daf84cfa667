"""Roots, powers and the reciprocal: x to a given power."""

from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Sample, Trend, Values
from pipeline_steps.features.transforms.applied import Applied, Domain, applied, least, refuse_outside
from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.tables.cells import LARGEST_NUMBER


@dataclass(frozen=True)
class Power:
    """x to any power; values below 0 have whole ones only, and 0 has none below 0."""

    exponent: float = 2.0

    def fit(self, sample: Sample) -> Applied:
        """Learn the least values, where 0 has no such power."""
        return raised(sample, "power", float(self.exponent))


@dataclass(frozen=True)
class SquareRoot:
    """The square root."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return raised(sample, "square_root", 0.5)


@dataclass(frozen=True)
class CubeRoot:
    """The cube root, of either sign."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return applied(sample, "cube_root", Domain(), np.cbrt, _write_cube_root)


@dataclass(frozen=True)
class Square:
    """The square."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return raised(sample, "square", 2.0)


@dataclass(frozen=True)
class Cube:
    """The cube."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return raised(sample, "cube", 3.0)


@dataclass(frozen=True)
class Reciprocal:
    """1 divided by x."""

    def fit(self, sample: Sample) -> Applied:
        """Learn how near to 0 values come."""
        return raised(sample, "reciprocal", -1.0)


def raised(sample: Sample, method: str, exponent: float) -> Applied:
    """Raise columns to a power."""
    if exponent < 0 and exponent.is_integer():
        return _divided(sample, method, exponent)

    def calculate(values: Values) -> Values:
        powers: Values = np.power(values, exponent)
        return powers

    def add_nodes(graph: GraphWriter, block: str) -> str:
        return graph.node("Pow", block, graph.doubles(exponent))

    return applied(sample, method, _domain(exponent), calculate, add_nodes, trend=_trend(exponent))


def _domain(exponent: float) -> Domain:
    largest = (0.99 * LARGEST_NUMBER) ** (1 / exponent) if exponent > 1 else np.inf
    if exponent.is_integer():
        return Domain(-largest, largest)
    return Domain(0.0, largest, open=exponent < 0)


def _trend(exponent: float) -> Trend:
    if exponent == 0 or (exponent.is_integer() and exponent % 2 == 0):
        return 0
    return 1 if exponent > 0 else -1


def _divided(sample: Sample, method: str, exponent: float) -> Applied:
    """Whole powers below 0; a request's value nearer to 0 than any training row's counts as so near, 0 as above it."""
    refuse_outside(sample, sample.values != 0, method=method, allowed="other than 0")
    nearest = least(np.abs(sample.values))

    def calculate(values: Values) -> Values:
        powers: Values = np.power(np.where(values < 0, -1.0, 1.0) * np.maximum(np.abs(values), nearest), exponent)
        return powers

    def add_nodes(graph: GraphWriter, block: str) -> str:
        sizes = graph.node("Max", graph.node("Abs", block), graph.doubles(nearest))
        below = graph.node("Less", block, graph.doubles(0.0))
        away = graph.node("Where", below, graph.node("Neg", sizes), sizes)
        return graph.node("Pow", away, graph.doubles(exponent))

    return applied(sample, method, Domain(), calculate, add_nodes, trend=0)


def _write_cube_root(graph: GraphWriter, block: str) -> str:
    sizes = graph.node("Pow", graph.node("Abs", block), graph.doubles(1 / 3))
    return graph.node("Mul", graph.node("Sign", block), sizes)
