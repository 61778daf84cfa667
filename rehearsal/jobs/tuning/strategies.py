"""Search strategies: which hyperparameters to try next, given what came of the last ones."""

import itertools
import random
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from rehearsal.jobs.tuning.ranges import CategoricalRange, NumericRange, ParameterRange

Candidate = dict[str, str]


class Search(Protocol):
    """One strategy over the ranges of one definition; `learns` says whether results change what comes next."""

    learns: bool

    def ask(self) -> tuple[int, Candidate] | None:
        """The next candidate with its number, from 0; None when there is nothing left to try."""

    def tell(self, number: int, objective: float | None) -> None:
        """What came of a candidate; None when it failed."""


class GridSearch:
    """Every combination of the categories, each once."""

    learns = False

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

    learns = False

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


class Proposal(NamedTuple):
    """A candidate, and the definition that it is one of."""

    definition: int
    number: int
    candidate: Candidate


class Proposals:
    """Asks the definitions' searches in turn, leaving out those that have nothing left to try."""

    def __init__(self, searches: Sequence[Search]) -> None:
        self._searches = searches
        self._turns = itertools.cycle(range(len(searches)))
        self.learns = any(each.learns for each in searches)

    def ask(self) -> Proposal | None:
        for definition in itertools.islice(self._turns, len(self._searches)):
            if (asked := self._searches[definition].ask()) is not None:
                return Proposal(definition, *asked)
        return None

    def tell(self, proposal: Proposal, objective: float | None) -> None:
        self._searches[proposal.definition].tell(proposal.number, objective)
