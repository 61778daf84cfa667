"""The parts of dates that a recipe chooses, in the place of those that every model gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, Literal

import numpy as np

from pipeline_steps.errors import StepError
from pipeline_steps.features.fitted import Unchanged
from pipeline_steps.features.method import Feature, Fitted, Values
from pipeline_steps.graphs.writer import GraphWriter

_TO_MARCH_YEAR_0 = 730_425.0
"""Days from 0000-03-01 to 2000-01-01, in the Gregorian calendar."""
_LATEST = 3_000_000.0
_PERIODS = {"month": 12, "weekday": 7, "day": 31, "hour": 24}
_CYCLE = "_cycle"
_FIRST_YEAR = 1970

Shape = Literal["year", "sine", "cosine"]


@dataclass(frozen=True)
class Made:
    """A column that is made of another: the year of days, or the sine or cosine of a part that has a period."""

    place: int
    shape: Shape
    period: int = 1


@dataclass(frozen=True)
class DateFeatures:
    """The columns that stay, by their places, and behind them those that are made."""

    features: tuple[Feature, ...]
    kept: tuple[int, ...]
    made: tuple[Made, ...]

    def transform(self, values: Values) -> Values:
        """Calculate the parts; those of a missing date are missing."""
        return np.column_stack([values[:, list(self.kept)], *(_calculated(one, values) for one in self.made)])

    def write(self, graph: GraphWriter, block: str) -> str:
        """Add the nodes."""
        parts = [_column(graph, block, self.kept)] if self.kept else []
        for one in self.made:
            column = _column(graph, block, (one.place,))
            parts.append(_write_year(graph, column) if one.shape == "year" else _write_wave(graph, column, one))
        return graph.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


def date_features(rules: Sequence[Mapping[str, Any]], features: tuple[Feature, ...], dates: Sequence[str]) -> Fitted:
    """Choose the parts of each date by the last rule that has its name.

    Raises:
        StepError: a rule names no date.
    """
    chosen: dict[str, list[str]] = {}
    for number, rule in enumerate(rules):
        for pattern in rule.get("columns", ["*"]):
            names = [name for name in dates if fnmatchcase(name, pattern)]
            if not names:
                raise StepError(f"features.dates.{number}.columns must name columns of dates, got {pattern}")
            chosen |= {name: list(rule["parts"]) for name in names}
    return _of_parts(features, chosen) if chosen else Unchanged(features)


def _of_parts(features: tuple[Feature, ...], chosen: Mapping[str, Sequence[str]]) -> DateFeatures:
    places = {feature.name: place for place, feature in enumerate(features)}
    dropped = {
        places[its]
        for name, parts in chosen.items()
        for its, part in ((name, "elapsed"), *((f"{name}: {part}", part) for part in _PERIODS))
        if its in places and part not in parts
    }
    made, added = [], []
    for name, parts in chosen.items():
        if "year" in parts:
            made.append(Made(places[name], "year"))
            added.append(replace(features[places[name]], name=f"{name}: year"))
        for part, period in _PERIODS.items():
            if part + _CYCLE in parts and (source := f"{name}: {part}") in places:
                shapes: tuple[Shape, ...] = ("sine", "cosine")
                made += [Made(places[source], shape, period) for shape in shapes]
                added += [Feature(f"{source} {shape}", (source,), trend=0) for shape in shapes]
    kept = tuple(place for place in range(len(features)) if place not in dropped)
    return DateFeatures((*(features[place] for place in kept), *added), kept, tuple(made))


def _calculated(one: Made, values: Values) -> Values:
    column = values[:, one.place]
    if one.shape != "year":
        return np.sin(column * (2 * np.pi / one.period) + _phase(one))
    days = np.floor(np.clip(np.nan_to_num(column), -_TO_MARCH_YEAR_0, _LATEST)).astype(np.int64)
    years = (np.datetime64("2000-01-01") + days).astype("datetime64[Y]").astype(np.int64) + _FIRST_YEAR
    return np.where(np.isnan(column), np.nan, years)


def _phase(one: Made) -> float:
    return np.pi / 2 if one.shape == "cosine" else 0.0


def _column(graph: GraphWriter, block: str, places: Sequence[int]) -> str:
    return graph.node("Gather", block, graph.constant(np.array(places, dtype=np.int64)), axis=1)


def _write_wave(graph: GraphWriter, column: str, one: Made) -> str:
    turned = graph.node("Mul", column, graph.doubles(2 * np.pi / one.period))
    return graph.node("Sin", graph.node("Add", turned, graph.doubles(_phase(one))))


def _write_year(graph: GraphWriter, days: str) -> str:
    """By the arithmetic of Howard Hinnant's `civil_from_days`, whose year begins in March."""

    def whole(number: str, divisor: float) -> str:
        return graph.node("Floor", graph.node("Div", number, graph.doubles(divisor)))

    def times(number: str, factor: float) -> str:
        return graph.node("Mul", number, graph.doubles(factor))

    limited = graph.node("Min", graph.node("Max", days, graph.doubles(-_TO_MARCH_YEAR_0)), graph.doubles(_LATEST))
    since = graph.node("Add", graph.node("Floor", limited), graph.doubles(_TO_MARCH_YEAR_0))
    era = whole(since, 146_097)
    of_era = graph.node("Sub", since, times(era, 146_097))
    leap_days = graph.node("Sub", whole(of_era, 1_460), whole(of_era, 36_524))
    without = graph.node("Sub", graph.node("Sub", of_era, leap_days), whole(of_era, 146_096))
    year = whole(without, 365)
    leaps = graph.node("Sub", whole(year, 4), whole(year, 100))
    of_year = graph.node("Sub", of_era, graph.node("Add", times(year, 365), leaps))
    is_next = graph.node("GreaterOrEqual", of_year, graph.doubles(306))
    begun = graph.node("Where", is_next, graph.doubles(1), graph.doubles(0))
    return graph.node("Add", graph.node("Add", year, times(era, 400)), begun)
