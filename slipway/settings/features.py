"""The recipe: what is done to the columns before an algorithm, fitted on the training split alone."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from slipway.settings.feature_methods import CATEGORY_STAGES, EXTRACTION, NUMBER_STAGES, SELECTION, TEXT_STAGES
from slipway.settings.feature_options import Stage, option_errors, stage_errors
from slipway.settings.section import Section, raise_each

Chosen = Annotated[Any, WithJsonSchema({"type": "method"})]
"""A method's name, or a table with its name and options; `stage_errors` says what is wrong with it."""
Extraction = Annotated[dict[str, dict[str, Any]], WithJsonSchema({"type": "methods"})]
Pair = Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
Kind = Literal["number", "category", "text"]
_PLAIN_PARTS = ("year", "month", "day", "weekday", "hour")
DATE_PARTS: Mapping[str, Kind] = {"month": "category", "weekday": "category", "day": "number", "hour": "number"}


class _Methods(Section):
    """A stage each."""

    def chosen(self) -> dict[str, Any]:
        """What is given."""
        return self.model_dump(exclude_none=True)

    @model_validator(mode="after")
    def _methods_exist(self) -> Self:
        stages = {**NUMBER_STAGES, **CATEGORY_STAGES, **TEXT_STAGES}
        given = self.chosen()
        raise_each(f"{name}{error}" for name, stage in stages.items() for error in _errors_of(stage, given.get(name)))
        return self


def _errors_of(stage: Stage, given: object) -> Iterator[str]:
    return iter(()) if given is None else stage_errors(stage, given)


class NumberFeatures(_Methods):
    """Every column of numbers, in this order, unless a rule has another method for it."""

    missing: Chosen | None = None
    """What stands in the place of a missing value."""
    missing_indicator: bool | None = None
    """Whether a column of 0 and 1 is added for each column that has missing values in training."""
    outliers: Chosen | None = None
    """Which values are outliers, by `detect`, and what happens to them, by `treat`."""
    transform: Chosen | None = None
    """A function of the value."""
    bins: Chosen | None = None
    """Bins in the place of the value."""
    scale: Chosen | None = None
    """The scale of the value."""


class CategoryFeatures(_Methods):
    """Every category, unless a rule has another method for it."""

    encode: Chosen | None = None
    """What stands in the place of a category."""


class TextFeatures(_Methods):
    """Every text, unless a rule has another method for it."""

    vectorise: Chosen | None = None
    """What stands in the place of a text, beside its number of characters."""


class FeatureRule(NumberFeatures):
    """Methods for some columns: those named, or that match a pattern such as `Page*`; later rules win."""

    columns: tuple[str, ...] = Field(min_length=1)
    """Names or patterns of columns; of dates also of their parts, such as `day: hour`; of texts also of their number of
    characters, such as `subject: characters`."""
    encode: Chosen | None = None
    """What stands in the place of a category."""
    vectorise: Chosen | None = None
    """What stands in the place of a text."""

    def chosen(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True, exclude={"columns"})


class DerivedFeatures(Section):
    """Columns made of two others, before any method; then they are numbers as others are."""

    ratios: tuple[Pair, ...] = ()
    """Pairs of columns: the first divided by the second, missing where that is 0; the name is `first / second`."""
    differences: tuple[Pair, ...] = ()
    """Pairs of columns: the second taken from the first; the name is `first - second`."""

    @model_validator(mode="before")
    @classmethod
    def _pairs_are_tuples(cls, values: Any) -> Any:
        return {key: _as_tuples(value) for key, value in values.items()} if isinstance(values, dict) else values


def _as_tuples(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value
    return tuple(tuple(each) if isinstance(each, list) else each for each in value)


DatePart = Literal[
    "year", "month", "day", "weekday", "hour", "elapsed", "month_cycle", "day_cycle", "weekday_cycle", "hour_cycle"
]


class DateFeatures(Section):
    """The parts of some dates, in the place of those that every date has: elapsed, month, weekday, day and hour."""

    columns: tuple[str, ...] = ("*",)
    """Names or patterns of columns of dates; later tables win."""
    parts: tuple[DatePart, ...] = Field(min_length=1)
    """`elapsed` is days since 2000-01-01; a `cycle` is a sine and a cosine, by which December is beside January; hours
    are there where training has times of day."""

    def names(self, date: str) -> dict[str, Kind]:
        """The columns that they make of a date."""
        own: dict[str, Kind] = {date: "number"} if "elapsed" in self.parts else {}
        own |= {f"{date}: {part}": DATE_PARTS.get(part, "number") for part in self.parts if part in _PLAIN_PARTS}
        cycles = [part.removesuffix("_cycle") for part in self.parts if part.endswith("_cycle")]
        return own | {f"{date}: {part} {shape}": "number" for part in cycles for shape in ("sine", "cosine")}


class Features(Section):
    """The recipe: the same for every algorithm of the search, and part of the model's graph.

    Without it each algorithm prepares the columns in its own way.
    """

    numbers: NumberFeatures = NumberFeatures()
    categories: CategoryFeatures = CategoryFeatures()
    texts: TextFeatures = TextFeatures()
    rules: tuple[FeatureRule, ...] = ()
    derived: DerivedFeatures = DerivedFeatures()
    dates: tuple[DateFeatures, ...] = ()
    extract: Extraction = Field(default_factory=dict)
    """New columns made of all numbers: each method with its options."""
    select: Chosen | None = None
    """Which columns stay in the end."""

    @model_validator(mode="after")
    def _methods_exist(self) -> Self:
        raise_each(self._errors())
        return self

    def _errors(self) -> Iterator[str]:
        if self.select is not None:
            yield from (f"select{error}" for error in stage_errors(SELECTION, self.select))
        for name, options in self.extract.items():
            if name not in EXTRACTION:
                yield f"extract must be of {', '.join(EXTRACTION)}, got {name}"
            else:
                yield from (f"extract.{name}{error}" for error in option_errors(EXTRACTION[name], options))

    def document(self) -> dict[str, Any]:
        """The recipe as the container reads it; empty where nothing is given."""
        given = self.model_dump(exclude_none=True, exclude_defaults=True)
        return {key: value for key, value in given.items() if value}
