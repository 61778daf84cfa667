"""Training and the hyperparameter search."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from slipway.settings.hyperparameters import is_whole, unknown_errors, value_errors
from slipway.settings.limits import MOST_CATEGORIES, MOST_RANGES, combinations
from slipway.settings.section import InstanceType, Section, raise_each

_LONGEST_SECONDS = 432_000
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


_MOST_JOBS = 750
_ALGORITHM = "xgboost"
ParameterRange = Annotated[IntegerRange | ContinuousRange | CategoricalRange, Field(discriminator="type")]


class Training(Section):
    """Where jobs run, and for how long."""

    processing_instance_type: InstanceType = "ml.m5.large"
    """Instance type of Prepare, Evaluate, the gates and the monitoring job."""
    training_instance_type: InstanceType = "ml.m5.xlarge"
    """Instance type of training jobs."""
    max_runtime_seconds: int = Field(3600, ge=60, le=_LONGEST_SECONDS)
    """Longest duration of a job."""
    split_days: int = Field(45, ge=8, le=3650)
    """Days after which the splits, which hold users' rows, are deleted; cached steps are reused for a week less."""
    spot: bool = False
    """Whether training runs on spot instances; an interrupted job continues from its last checkpoint."""
    max_wait_seconds: int | None = Field(None, le=2 * _LONGEST_SECONDS)
    """Longest time from a spot job's start to its end, waits included; by default twice `max_runtime_seconds`."""

    @model_validator(mode="after")
    def _waits_long_enough(self) -> Self:
        if self.max_wait_seconds is not None:
            raise_each(self._errors(self.max_wait_seconds))
        return self

    def _errors(self, waits: int) -> Iterator[str]:
        if not self.spot:
            yield f"max_wait_seconds must be left out without spot, got {waits}"
        elif waits < self.max_runtime_seconds:
            yield f"max_wait_seconds must be at least max_runtime_seconds {self.max_runtime_seconds}, got {waits}"

    @property
    def wait_seconds(self) -> int | None:
        """`MaxWaitTimeInSeconds` of a training job; None on demand."""
        return (self.max_wait_seconds or 2 * self.max_runtime_seconds) if self.spot else None


class Tuning(Section):
    """The hyperparameter search over XGBoost; fixed hyperparameters go to every job."""

    strategy: Literal["Bayesian", "Random", "Grid"] = "Bayesian"
    """How values are chosen, by SageMaker's names; Grid takes categorical ranges only."""
    max_jobs: int = Field(12, ge=1, le=_MOST_JOBS)
    """Training jobs of the search; a Grid search has one for each combination."""
    max_parallel_jobs: int = Field(2, ge=1, le=100)
    """Training jobs at the same time."""
    seed: int = Field(0, ge=0, lt=2**31)
    """Seed of the search and of training."""
    fixed: dict[str, str] = Field(default_factory=dict)
    """Hyperparameters that every job gets, as text."""
    ranges: dict[str, ParameterRange] = Field(min_length=1, max_length=MOST_RANGES)

    @property
    def jobs(self) -> int:
        """How many training jobs a search has: a grid one for each combination, whatever `max_jobs` is."""
        combinations = self._combinations
        return combinations if self.strategy == "Grid" and combinations else self.max_jobs

    @property
    def _combinations(self) -> int | None:
        return combinations(map(_choices, self.ranges.values()))

    @model_validator(mode="after")
    def _names_and_ranges_fit(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        for name, bounds in self.ranges.items():
            if self.strategy == "Grid" and not isinstance(bounds, CategoricalRange):
                yield f"ranges.{name} must be categorical with strategy Grid, got {bounds.type}"
            yield from (f"ranges.{error}" for error in _bounds_errors(name, bounds))
        yield from (f"fixed and ranges {error}" for error in unknown_errors(_ALGORITHM, {**self.fixed, **self.ranges}))
        for name, value in self.fixed.items():
            yield from (f"fixed.{error}" for error in value_errors(_ALGORITHM, name, value))
        yield from self._too_few_errors()
        if self.max_parallel_jobs > self.jobs:
            yield f"max_parallel_jobs must be at most {self.jobs}, the number of jobs, got {self.max_parallel_jobs}"
        if both := sorted(self.fixed.keys() & self.ranges.keys()):
            yield f"{', '.join(both)} must be either fixed or a range, got both"
        if own := sorted((self.fixed.keys() | self.ranges.keys()) & {"algorithm", "seed"}):
            yield f"fixed and ranges must leave algorithm and seed to the pipeline, got {', '.join(own)}"

    def _too_few_errors(self) -> Iterator[str]:
        """SageMaker refuses a search that asks for more jobs than there are combinations."""
        known = self._combinations
        if known is None:
            return
        if self.strategy != "Grid" and self.max_jobs > known:
            yield f"max_jobs must be at most {known}, the number of combinations in ranges, got {self.max_jobs}"
        if self.strategy == "Grid" and known > _MOST_JOBS:
            yield f"ranges must have at most {_MOST_JOBS} combinations with strategy Grid, got {known}"


def _choices(bounds: ParameterRange) -> int | None:
    """How many values a range has, if they have an end."""
    if isinstance(bounds, CategoricalRange):
        return len(bounds.values)
    return bounds.max - bounds.min + 1 if isinstance(bounds, IntegerRange) else None


def _bounds_errors(name: str, bounds: ParameterRange) -> Iterator[str]:
    if isinstance(bounds, CategoricalRange):
        yield from value_errors(_ALGORITHM, name, *bounds.values)
    elif isinstance(bounds, ContinuousRange) and is_whole(_ALGORITHM, name):
        yield f"{name} must be integer or categorical, got continuous"
    else:
        yield from value_errors(_ALGORITHM, name, str(bounds.min), str(bounds.max))
