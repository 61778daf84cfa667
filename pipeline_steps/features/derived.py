"""Ratios and differences of two columns: made of the table's own values, before any method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline_steps.errors import StepError
from pipeline_steps.features.method import Feature, Values
from pipeline_steps.graphs.writer import GraphWriter

_SIGNS = {"ratios": "/", "differences": "-"}


@dataclass(frozen=True)
class Derived:
    """The table's columns, and behind them what is derived of pairs: places of first and second, and which sign."""

    table: tuple[Feature, ...]
    pairs: tuple[tuple[int, int, str], ...]

    @property
    def features(self) -> tuple[Feature, ...]:
        return (*self.table, *(self._feature(*pair) for pair in self.pairs))

    def transform(self, values: Values) -> Values:
        """Give the columns and what is derived; a ratio to 0 is missing."""
        made = [_calculated(sign, values[:, first], values[:, second]) for first, second, sign in self.pairs]
        return np.column_stack([values, *made])

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add a node for all ratios, and one for all differences."""
        parts = [block]
        for sign in _signs_of(self.pairs):
            firsts, seconds = (
                graph.node("Gather", block, graph.constant(np.array(places, dtype=np.int64)), axis=1)
                for places in zip(*((a, b) for a, b, its in self.pairs if its == sign), strict=True)
            )
            if sign == "-":
                parts.append(graph.node("Sub", firsts, seconds))
                continue
            zero = graph.node("Equal", seconds, graph.doubles(0.0))
            missing = graph.doubles(np.nan)
            parts.append(graph.node("Where", zero, missing, graph.node("Div", firsts, seconds)))
        return graph.node("Concat", *parts, axis=1) if len(parts) > 1 else block

    def _feature(self, first: int, second: int, sign: str) -> Feature:
        one, other = self.table[first], self.table[second]
        sources = tuple(dict.fromkeys((*one.sources, *other.sources)))
        return Feature(f"{one.name} {sign} {other.name}", sources, trend=0)


def derive(document: Mapping[str, Sequence[Sequence[str]]], table: tuple[Feature, ...]) -> Derived:
    """Find the pairs of columns that `[features.derived]` names.

    Raises:
        StepError: a name is no column of numbers.
    """
    numbers = {feature.name: place for place, feature in enumerate(table) if not feature.is_category}
    pairs = []
    for key, sign in _SIGNS.items():
        for pair in document.get(key, ()):
            if unknown := [name for name in pair if name not in numbers]:
                raise StepError(f"features.derived.{key} must name columns of numbers, got {unknown[0]}")
            pairs.append((numbers[pair[0]], numbers[pair[1]], sign))
    return Derived(table, tuple(pairs))


def _signs_of(pairs: Sequence[tuple[int, int, str]]) -> list[str]:
    return list(dict.fromkeys(sign for _, _, sign in pairs))


def _calculated(sign: str, first: Any, second: Any) -> Any:
    if sign == "-":
        return first - second
    return np.divide(first, second, out=np.full(len(first), np.nan), where=second != 0)
