"""Search strategies: which hyperparameters to try next, given what came of the last ones."""

import itertools
import random
from collections.abc import Sequence
from typing import Protocol

from rehearsal.jobs.tuning.ranges import CategoricalRange, NumericRange, ParameterRange

Candidate = dict[str, str]


class Search(Protocol):
    def ask(self) -> tuple[int, Candidate] | None:
        """The next candidate with its number, from 0; None when there is nothing left to try."""

    def tell(self, number: int, objective: float | None) -> None:
        """What came of a candidate; None when it failed."""


class GridSearch:
    """Every combination of the categories, each once."""

    def __init__(self, ranges: Sequence[CategoricalRange]) -> None:
        names = [each.name for each in ranges]
        self._candidates = enumerate(
            dict(zip(names, values, strict=True)) for values in itertools.product(*(each.values for each in ranges))
        )

    def ask(self) -> tuple[int, Candidate] | None:
        return next(self._candidates, None)

    def tell(self, number: int, objective: float | None) -> None:
        """A grid does not learn."""


class RandomSearch:
    """Independent draws, even on each range's own scale."""

    def __init__(self, ranges: Sequence[ParameterRange], seed: int | None) -> None:
        self._ranges = ranges
        self._random = random.Random(seed)  # noqa: S311 -- a search, not a secret
        self._numbers = itertools.count()

    def ask(self) -> tuple[int, Candidate]:
        return next(self._numbers), {each.name: self._draw(each) for each in self._ranges}

    def tell(self, number: int, objective: float | None) -> None:
        """Random draws do not learn."""

    def _draw(self, bounds: ParameterRange) -> str:
        if isinstance(bounds, NumericRange):
            return bounds.at(self._random.random())
        return self._random.choice(bounds.values)
