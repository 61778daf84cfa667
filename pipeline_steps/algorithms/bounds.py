"""The values that a hyperparameter may have."""

from dataclasses import dataclass

from pipeline_steps.errors import ArgumentError
from pipeline_steps.tables.cells import quoted


@dataclass(frozen=True)
class Bounds:
    """The type, the default and the closed range of one hyperparameter."""

    default: float
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


SEED = Bounds(0, 0, 2**31 - 1, whole=True)
