"""What a search draws a hyperparameter's values from."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from slipway.settings.hyperparameters import is_whole, value_errors
from slipway.settings.limits import MOST_CATEGORIES, MOST_RANGES
from slipway.settings.section import Section, raise_each

RangeValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]


def _range_errors(low: float, high: float, scaling: str) -> Iterator[str]:
    if low >= high:
        yield f"min must be below max, got {low} and {high}"
    if scaling == "Logarithmic" and low <= 0:
        yield f"min must be above 0 with Logarithmic scaling, got {low}"
    if scaling == "ReverseLogarithmic" and not (low >= 0 and high < 1):
        yield f"min and max must be in 0..1 (1 left out) with ReverseLogarithmic scaling, got {low} and {high}"


class IntegerRange(Section):
    """Whole numbers from `min` to `max`."""

    type: Literal["integer"]
    """The kind of range."""
    min: int
    """Least value."""
    max: int
    """Greatest value."""
    scaling: Literal["Auto", "Linear", "Logarithmic"] = "Auto"
    """Scale on which the search draws values."""

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        raise_each(_range_errors(self.min, self.max, self.scaling))
        return self


class ContinuousRange(Section):
    """Numbers from `min` to `max`."""

    type: Literal["continuous"]
    """The kind of range."""
    min: float
    """Least value."""
    max: float
    """Greatest value."""
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"
    """Scale on which the search draws values."""

    @model_validator(mode="after")
    def _is_searchable(self) -> Self:
        raise_each(_range_errors(self.min, self.max, self.scaling))
        return self


class CategoricalRange(Section):
    """A list of values."""

    type: Literal["categorical"]
    """The kind of range."""
    values: tuple[RangeValue, ...] = Field(min_length=1, max_length=MOST_CATEGORIES)
    """The values, as text."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = [value for value, count in Counter(self.values).items() if count > 1]
        raise_each([f"values must differ from each other, got {', '.join(twice)} more than once"] if twice else [])
        return self


def spelled_out(ranges: Any, path: str = "") -> Any:
    """Give ranges by their names: a list is a categorical range, a table of `features` without `type` has more."""
    if not isinstance(ranges, dict):
        return ranges
    found: dict[str, Any] = {}
    for key, value in ranges.items():
        name = f"{path}{key}"
        if isinstance(value, list | tuple):
            found[name] = {"type": "categorical", "values": tuple(map(_text, value))}
        elif isinstance(value, dict) and "type" not in value and name.partition(".")[0] == "features":
            found |= spelled_out(value, f"{name}.")
        else:
            found[name] = value
    return found


def _text(value: Any) -> Any:
    """Write a value as a hyperparameter's text; what is no number, truth value or text is left to be refused."""
    return json.dumps(value) if isinstance(value, bool | int | float) else value


ParameterRange = Annotated[IntegerRange | ContinuousRange | CategoricalRange, Field(discriminator="type")]
Ranges = Annotated[dict[str, ParameterRange], BeforeValidator(spelled_out), Field(max_length=MOST_RANGES)]


def choices(bounds: ParameterRange) -> int | None:
    """How many values a range has, if they have an end."""
    if isinstance(bounds, CategoricalRange):
        return len(bounds.values)
    return bounds.max - bounds.min + 1 if isinstance(bounds, IntegerRange) else None


def bounds_errors(algorithm: str, name: str, bounds: ParameterRange) -> Iterator[str]:
    """What of a range the container would refuse as a value of the hyperparameter `name`."""
    if isinstance(bounds, CategoricalRange):
        yield from value_errors(algorithm, name, *bounds.values)
    elif isinstance(bounds, ContinuousRange) and is_whole(algorithm, name):
        yield f"{name} must be integer or categorical, got continuous"
    else:
        yield from value_errors(algorithm, name, str(bounds.min), str(bounds.max))
