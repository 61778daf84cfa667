"""XGBoost's hyperparameters, as the container takes them; `tests/contract/test_hyperparameters.py` compares."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """The closed range of one hyperparameter."""

    low: float
    high: float
    whole: bool = False

    def takes(self, text: str) -> bool:
        try:
            value: float = int(text) if self.whole else float(text)
        except ValueError:
            return False
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{'a whole number' if self.whole else 'a number'} in {self.low:g}..{self.high:g}"


BOUNDS: Mapping[str, Bounds] = {
    "eta": Bounds(1e-4, 1),
    "max_depth": Bounds(1, 16, whole=True),
    "min_child_weight": Bounds(0, 1e4),
    "subsample": Bounds(0.05, 1),
    "colsample_bytree": Bounds(0.05, 1),
    "gamma": Bounds(0, 1e4),
    "reg_alpha": Bounds(0, 1e4),
    "reg_lambda": Bounds(0, 1e4),
    "num_round": Bounds(1, 100_000, whole=True),
    "early_stopping_rounds": Bounds(1, 10_000, whole=True),
}
"""`algorithm` and `seed` are the pipeline's to give."""


def unknown_errors(names: Mapping[str, object]) -> Iterator[str]:
    """An error for names that the container does not take, in words that follow the name of the section."""
    if unknown := sorted(names.keys() - BOUNDS.keys() - {"algorithm", "seed"}):
        yield f"must be of {', '.join(BOUNDS)}; got {', '.join(unknown)}"


def value_errors(name: str, *values: str) -> Iterator[str]:
    """Which of `values` the container would refuse."""
    bounds = BOUNDS.get(name)
    if bounds and (refused := [value for value in values if not bounds.takes(value)]):
        yield f"{name} must be {bounds}, got {', '.join(refused)}"
