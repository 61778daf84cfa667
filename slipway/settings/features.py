"""The recipe: what is done to the columns before an algorithm, fitted on the training split alone."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from slipway.settings.data import Data
from slipway.settings.feature_methods import (
    CATEGORY_STAGES,
    EXTRACTION,
    NUMBER_STAGES,
    SELECTION,
    TEXT_STAGES,
    Stage,
    method_name,
    option_errors,
    stage_errors,
)
from slipway.settings.feature_texts import MOST_BUCKETS
from slipway.settings.section import Section, raise_each

Chosen = Annotated[Any, WithJsonSchema({"type": "method"})]
"""A method's name, or a table with its name and options; `stage_errors` says what is wrong with it."""
Extraction = Annotated[dict[str, dict[str, Any]], WithJsonSchema({"type": "methods"})]
Pair = Annotated[tuple[str, ...], Field(min_length=2, max_length=2)]
Kind = Literal["number", "category", "text"]
_PLAIN_PARTS = ("year", "month", "day", "weekday", "hour")
_DATE_PARTS: Mapping[str, Kind] = {"month": "category", "weekday": "category", "day": "number", "hour": "number"}


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
        own |= {f"{date}: {part}": _DATE_PARTS.get(part, "number") for part in self.parts if part in _PLAIN_PARTS}
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


def feature_errors(features: Features, data: Data, *, has_target: bool) -> Iterator[str]:
    """What the recipe says of columns that the table does not have, or has of another kind; and of a target."""
    if not has_target:
        yield from _target_errors(features)
    kinds = column_kinds(data)
    for key, pairs in (("ratios", features.derived.ratios), ("differences", features.derived.differences)):
        sign = "/" if key == "ratios" else "-"
        for pair in pairs:
            if wrong := [name for name in pair if kinds.get(name) != "number"]:
                yield f"features.derived.{key} must name columns of numbers, got {wrong[0]}"
            kinds[f"{pair[0]} {sign} {pair[1]}"] = "number"
    yield from _date_errors(features, data)
    yield from _text_errors(features, data)
    kinds = _with_dates(kinds, features, data)
    for number, rule in enumerate(features.rules):
        yield from (f"features.rules.{number}.{error}" for error in _rule_errors(rule, kinds))


def _text_errors(features: Features, data: Data) -> Iterator[str]:
    names = [name for name, kind in data.columns.items() if kind == "text"]
    if features.texts.vectorise is not None and not names:
        yield "features.texts must be left out without a column of the kind text"
    if (total := sum(_buckets(features, name) for name in names)) > MOST_BUCKETS:
        yield f"features.texts must have at most {MOST_BUCKETS} buckets for all texts together, got {total}"


def _buckets(features: Features, name: str) -> int:
    rules = [
        rule
        for rule in features.rules
        if any(pattern == name or fnmatchcase(name, pattern) for pattern in rule.columns)
    ]
    given = [one for one in (features.texts.vectorise, *(rule.vectorise for rule in rules)) if one is not None]
    stage = TEXT_STAGES["vectorise"]
    chosen = given[-1] if given else "hashed_ngrams"
    method = stage.methods.get(method_name(stage, chosen))
    if method is None:
        return 0
    options = chosen if isinstance(chosen, Mapping) else {}
    return int(options.get("buckets", method.options["buckets"].default))


def _date_errors(features: Features, data: Data) -> Iterator[str]:
    names = _dates(data)
    for number, table in enumerate(features.dates):
        for pattern in table.columns:
            if not any(fnmatchcase(name, pattern) for name in names):
                yield f"features.dates.{number}.columns must name columns of dates, got {pattern}"


def _dates(data: Data) -> list[str]:
    return [name for name, kind in data.columns.items() if kind == "datetime"]


def _with_dates(kinds: Mapping[str, Kind], features: Features, data: Data) -> dict[str, Kind]:
    """The columns that rules may name, by the parts of dates that are chosen."""
    found = dict(kinds)
    for date in _dates(data):
        chosen = [its for its in features.dates if any(fnmatchcase(date, pattern) for pattern in its.columns)]
        if chosen:
            for name in (date, *(f"{date}: {part}" for part in _DATE_PARTS)):
                found.pop(name, None)
            found |= chosen[-1].names(date)
    return found


def _target_errors(features: Features) -> Iterator[str]:
    tables = {"numbers": features.numbers.chosen(), "categories": features.categories.chosen()}
    tables |= {f"rules.{number}": rule.chosen() for number, rule in enumerate(features.rules)}
    stages = {**NUMBER_STAGES, **CATEGORY_STAGES}
    given = [(f"{path}.{key}", stages[key], its[key]) for path, its in tables.items() for key in its if key in stages]
    for path, stage, method in (*given, ("select", SELECTION, features.select)):
        name = method_name(stage, method)
        if name in stage.methods and stage.methods[name].needs_target:
            possible = ", ".join(other for other, its in stage.methods.items() if not its.needs_target)
            yield f"features.{path} must be of {possible} with a problem that predicts nothing, got {name}"


def column_kinds(data: Data) -> dict[str, Kind]:
    """By the name of each column, and of each part of a date, whether it is a number, a category or a text."""
    found: dict[str, Kind] = {}
    for name, kind in data.columns.items():
        if kind == "text":
            found |= {name: "text", f"{name}: characters": "number"}
            continue
        found[name] = "number" if kind in ("number", "datetime") else "category"
        if kind == "datetime":
            found |= {f"{name}: {part}": its for part, its in _DATE_PARTS.items()}
    return found


def _rule_errors(rule: FeatureRule, kinds: Mapping[str, Kind]) -> Iterator[str]:
    matched: set[Kind] = set()
    for pattern in rule.columns:
        kinds_found = {kind for name, kind in kinds.items() if name == pattern or fnmatchcase(name, pattern)}
        if not kinds_found:
            yield f"columns must name feature columns, got {pattern}"
        matched |= kinds_found
    for stage in rule.chosen() if matched else ():
        needed: Kind = "category" if stage in CATEGORY_STAGES else "text" if stage in TEXT_STAGES else "number"
        if needed not in matched:
            kind = {"number": "numbers", "category": "categories", "text": "texts"}[needed]
            yield f"{stage} must be left out: it is for {kind}, got {', '.join(rule.columns)}"
