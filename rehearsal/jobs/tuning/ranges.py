"""Parameter ranges as SageMaker scales them: a position between 0 and 1 becomes a hyperparameter's text."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.settings.limits import MOST_RANGES

SCALINGS = ("Auto", "Linear", "Logarithmic", "ReverseLogarithmic")


@dataclass(frozen=True)
class NumericRange:
    """`low` and `high` belong to the range. `Auto` is Linear here; how SageMaker chooses is not documented."""

    name: str
    low: float
    high: float
    scaling: str
    integer: bool

    @property
    def size(self) -> int | None:
        """How many values it has; a continuous range has no end of them."""
        return int(self.high) - int(self.low) + 1 if self.integer else None

    def at(self, position: float) -> str:
        """The value at `position` in 0..1: positions spread evenly are values spread evenly on the range's scale."""
        if self.integer:
            # One unit more, then down: every integer owns a piece of the scale, the last one too.
            return str(min(int(self.high), math.floor(self._scaled(position, self.high + 1))))
        return repr(min(self.high, max(self.low, self._scaled(position, self.high))))

    def position_of(self, value: str) -> float | None:
        """A position that gives `value`; None for what is no number of the range."""
        try:
            number = float(value)
        except ValueError:
            return None
        if not self.low <= number <= self.high:
            return None
        if self.integer:
            return min(1.0, max(0.0, self._place(number + 0.5, self.high + 1)))
        return self._place(number, self.high)

    def _place(self, number: float, high: float) -> float:
        low = self.low
        if self.scaling == "Logarithmic":
            return math.log(number / low) / math.log(high / low)
        if self.scaling == "ReverseLogarithmic":
            return math.log((1 - number) / (1 - low)) / math.log((1 - high) / (1 - low))
        return (number - low) / (high - low)

    def _scaled(self, position: float, high: float) -> float:
        low = self.low
        if self.scaling == "Logarithmic":
            return low * math.exp(position * math.log(high / low))
        if self.scaling == "ReverseLogarithmic":
            return 1 - (1 - low) * math.exp(position * math.log((1 - high) / (1 - low)))
        return low + position * (high - low)


@dataclass(frozen=True)
class CategoricalRange:
    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.values)


ParameterRange = NumericRange | CategoricalRange


def read_ranges(raw: Mapping[str, Any]) -> tuple[ParameterRange, ...]:
    """Read ParameterRanges.

    Raises:
        ValueError: a range is wrong; the text has the reason.
    """
    if raw.get("AutoParameters"):
        raise ValueError("AutoParameters cannot be searched on the laptop; give ranges instead")
    ranges: list[ParameterRange] = [
        *(_numeric(row, integer=False) for row in raw.get("ContinuousParameterRanges", ())),
        *(_numeric(row, integer=True) for row in raw.get("IntegerParameterRanges", ())),
        *(_categorical(row) for row in raw.get("CategoricalParameterRanges", ())),
    ]
    names = [each.name for each in ranges]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"ParameterRanges must name each hyperparameter once, and at least one, got {names}")
    if len(names) > MOST_RANGES:
        raise ValueError(f"ParameterRanges must have at most {MOST_RANGES} hyperparameters together, got {len(names)}")
    return tuple(ranges)


def _categorical(row: Mapping[str, Any]) -> CategoricalRange:
    values = tuple(row["Values"])
    if twice := sorted({value for value in values if values.count(value) > 1}):
        raise ValueError(f"Values of {row['Name']} must be given once each, got {', '.join(twice)} twice")
    return CategoricalRange(row["Name"], values)


def _numeric(row: Mapping[str, Any], *, integer: bool) -> NumericRange:
    name, scaling = row["Name"], row.get("ScalingType", "Auto")
    try:
        low, high = (float(int(row[key]) if integer else row[key]) for key in ("MinValue", "MaxValue"))
    except ValueError as exc:
        kind = "integers" if integer else "numbers"
        raise ValueError(f"range of {name} must be {kind}, got {row['MinValue']} and {row['MaxValue']}") from exc
    if low >= high:
        raise ValueError(
            f"range of {name} must have MinValue below MaxValue, got {row['MinValue']} and {row['MaxValue']}"
        )
    if scaling not in SCALINGS or (integer and scaling == "ReverseLogarithmic"):
        raise ValueError(
            f"ScalingType of {name} must be one of {', '.join(SCALINGS[: 3 if integer else 4])}, got {scaling}"
        )
    if scaling == "Logarithmic" and low <= 0:
        raise ValueError(f"range of {name} must be above 0 for Logarithmic, got {row['MinValue']}")
    if scaling == "ReverseLogarithmic" and not 0 <= low < high < 1:
        raise ValueError(f"range of {name} must lie in 0..1 (1 excluded) for ReverseLogarithmic, got {low} and {high}")
    return NumericRange(name, low, high, scaling, integer)
