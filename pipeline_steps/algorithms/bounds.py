"""The values that a hyperparameter may have."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline_steps.errors import ArgumentError
from pipeline_steps.problems.problem import Likelihood
from pipeline_steps.tables.cells import quoted


@dataclass(frozen=True)
class Bounds:
    """A number in a closed range; without a default the algorithm chooses by the data."""

    default: float | None
    low: float
    high: float
    whole: bool = False

    def parse(self, name: str, text: str) -> float | int:
        """Read one value.

        Raises:
            ArgumentError: it is no number, or out of range.
        """
        try:
            value: float = int(text) if self.whole else float(text)
        except ValueError:
            value = float("nan")
        if not self.low <= value <= self.high:
            kind = "a whole number" if self.whole else "a number"
            raise ArgumentError(
                f"hyperparameter {name} must be {kind} in {self.low:g}..{self.high:g}, got {quoted(text)}"
            )
        return value


@dataclass(frozen=True)
class Choice:
    """One of some names."""

    default: str
    names: tuple[str, ...]

    def parse(self, name: str, text: str) -> str:
        """Read one value.

        Raises:
            ArgumentError: it is none of the names.
        """
        if text not in self.names:
            raise ArgumentError(f"hyperparameter {name} must be one of {', '.join(self.names)}, got {quoted(text)}")
        return text


@dataclass(frozen=True)
class Directions:
    """Columns with a sign each, as a line of CSV: `+PageValues,-BounceRates`."""

    default: str = ""

    def parse(self, name: str, text: str) -> dict[str, int]:
        """Read 1 for each column whose growth must not lower the output, and -1 for those that must not raise it.

        Raises:
            ArgumentError: a column is without a sign.
        """
        cells = next(csv.reader([text], skipinitialspace=True), [])
        if not all(len(cell) > 1 and cell[0] in "+-" for cell in cells):
            raise ArgumentError(
                f"hyperparameter {name} must be columns with a sign each, such as +income,-age, got {quoted(text)}"
            )
        return {cell[1:]: 1 if cell[0] == "+" else -1 for cell in cells}


Hyperparameter = Bounds | Choice | Directions
Hyperparameters = Mapping[str, Hyperparameter]

SEED = Bounds(0, 0, 2**31 - 1, whole=True)
CLASS_WEIGHT = Choice("none", ("none", "balanced"))
"""`balanced`: every class weighs as much as any other, whatever its number of rows."""
FAMILY = Choice("normal", ("normal", "poisson"))
"""How a number is distributed around its expectation: `poisson` is for counts, which are never negative."""
MEANINGFUL: Mapping[str, tuple[Likelihood, ...]] = {"family": ("normal",), "class_weight": ("bernoulli", "categorical")}
"""The likelihoods of a target for which a hyperparameter means something; what is not here does for all."""
ENSEMBLE_SIZE = Bounds(1, 1, 20, whole=True)
"""Models of different seeds whose outputs are averaged."""
PATIENCE = Bounds(30, 1, 10_000, whole=True)
"""Rounds without a lower loss on held-out rows after which fitting ends."""
