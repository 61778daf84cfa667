"""Logarithms and the exponential function, which need no option."""

import math
from dataclasses import dataclass

import numpy as np

from pipeline_steps.features.method import Sample, Values
from pipeline_steps.features.transforms.applied import Applied, Domain, applied
from pipeline_steps.graphs.writer import GraphWriter
from pipeline_steps.tables.cells import LARGEST_NUMBER

_LARGEST_EXPONENT = math.floor(math.log(LARGEST_NUMBER))


@dataclass(frozen=True)
class Log:
    """The natural logarithm."""

    def fit(self, sample: Sample) -> Applied:
        """Learn the least values."""
        return applied(sample, "log", Domain(0.0, open=True), np.log, _write_log)


@dataclass(frozen=True)
class Log1p:
    """The logarithm of 1 + x: for amounts and counts, 0 included."""

    def fit(self, sample: Sample) -> Applied:
        """Learn the least values."""
        return applied(sample, "log1p", Domain(-1.0, open=True), _log1p, _write_log1p)


@dataclass(frozen=True)
class Exponential:
    """e to the power of x."""

    def fit(self, sample: Sample) -> Applied:
        """Nothing is learnt."""
        return applied(sample, "exponential", Domain(high=_LARGEST_EXPONENT), np.exp, _write_exponential)


def _log1p(values: Values) -> Values:
    logarithms: Values = np.log(1 + values)
    return logarithms


def _write_log(graph: GraphWriter, block: str) -> str:
    return graph.node("Log", block)


def _write_log1p(graph: GraphWriter, block: str) -> str:
    return graph.node("Log", graph.node("Add", block, graph.doubles(1.0)))


def _write_exponential(graph: GraphWriter, block: str) -> str:
    return graph.node("Exp", block)
