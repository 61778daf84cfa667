"""The recipe: everything that is done to the columns before an algorithm, fitted on training rows alone."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.features.across import OnColumns
from pipeline_steps.features.chain import NamedMethod, fit_sequence
from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.date_features import date_features
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.features.derived import derive
from pipeline_steps.features.execution import Nodes, node_values
from pipeline_steps.features.fitted import InSequence, SideBySide
from pipeline_steps.features.method import AcrossColumns, CrossFitted, Feature, Fitted, Mask, RowFilter, Sample, Values
from pipeline_steps.features.methods import EXTRACTION, SELECTION
from pipeline_steps.features.missing.indicator import MissingIndicator
from pipeline_steps.features.model_input import ModelInput
from pipeline_steps.features.rules import Plan, plans, stages_of, steps_of
from pipeline_steps.features.stage_names import MISSING_INDICATOR
from pipeline_steps.features.table_features import table_features
from pipeline_steps.rounding import counted

_DEFAULTS = {"number": "numbers", "category": "categories"}
"""By the kind of a column, the table with its defaults; dates and booleans have rules alone."""


@dataclass(frozen=True)
class FittedRecipe:
    """What a recipe has learnt, and the matrix of the rows that it was fitted on.

    Attributes:
        table: the columns that it is given.
        features: the columns of the matrix.
        nodes: what makes the matrix of a table's rows.
        kept: of the training rows, which stay.
        training: the matrix of those.
    """

    table: tuple[Feature, ...]
    features: tuple[Feature, ...]
    nodes: Nodes
    kept: Mask
    training: NDArray[np.float32]

    def monotone(self, directions: Mapping[str, int]) -> dict[str, int]:
        """Give the direction of each column of the matrix, by the directions of the table's columns.

        Raises:
            ArgumentError: a column's features neither grow nor fall with it.
        """
        found: dict[str, int] = {}
        for name, direction in directions.items():
            made = [each for each in self.features if name in each.sources and each.trend is not None]
            if wrong := [each.name for each in made if not each.trend]:
                raise ArgumentError(
                    f"hyperparameter monotone must name columns whose features grow or fall with them, got {name}: "
                    f"{wrong[0]} does neither"
                )
            found |= {each.name: direction * int(each.trend or 0) for each in made}
            if name not in {each.name for each in self.table if not each.is_category}:
                found[name] = direction  # no number of the table's: the algorithm refuses it
        return found

    @property
    def log_line(self) -> str:
        """What training prints of it."""
        dropped = int((~self.kept).sum())
        made = f"features: {sum(not each.text for each in self.table)} columns become {len(self.features)}"
        return f"{made}, and {dropped} of {len(self.kept)} training rows are dropped as outliers" if dropped else made

    def to_document(self) -> dict[str, Any]:
        """What `metrics.json` says of it."""
        buckets = Counter(each.text for each in self.features if each.text)
        names = dict.fromkeys(
            f"{each.text}: {counted(buckets[each.text], 'bucket')}" if each.text else each.name
            for each in self.features
        )
        return {"columns": list(names), "dropped_rows": int((~self.kept).sum())}


@dataclass(frozen=True)
class _Group:
    """Columns with one plan, by their places."""

    places: tuple[int, ...]
    steps: tuple[NamedMethod, ...]
    indicator: bool


def fit_recipe(
    document: Mapping[str, Any],
    columns: Sequence[FeatureColumn],
    prepared: ModelInput,
    rows: NDArray[np.float32],
    sample: Sample,
) -> FittedRecipe:
    """Fit the recipe that `use_case.json` has.

    Args:
        document: the recipe.
        columns: of the contract.
        prepared: what adds the parts of dates.
        rows: the matrix that it makes of the training rows.
        sample: of these rows; its features and values are filled in here.

    Raises:
        DataError: the rows are none that a method takes.
        StepError: the recipe names a column, method or option that there is not.
    """
    table = table_features(columns, prepared)
    derived = derive(document.get("derived", {}), table)
    values = derived.transform(rows.astype(np.float64))
    names = [column.name for column in columns if isinstance(column, DatetimeColumn)]
    dates = date_features(document.get("dates", ()), derived.features, names)
    given = replace(sample, features=dates.features, values=node_values(dates, values, what="dates"))
    groups = _groups(
        dates.features, plans(document, dates.features, _defaults(columns, derived.features[len(table) :]))
    )
    kept = _kept(groups, given)
    parts, values, across = _fit_groups(groups, _rows_of(given, kept))
    last = [*across, *_last_steps(document)]
    end, values = fit_sequence(last, replace(_rows_of(given, kept), features=parts.features, values=values))
    fitted: Fitted = InSequence((derived, dates, parts, end))
    nodes = Nodes(fitted, rows.shape[1])
    steps = [*last, *(step for group in groups for step in group.steps)]
    crossed = any(isinstance(step.method, CrossFitted) for step in steps)
    training = values.astype(np.float32) if crossed else nodes.matrix(rows[kept])
    return FittedRecipe(table, fitted.features, nodes, kept, training)


def _defaults(columns: Sequence[FeatureColumn], derived: Sequence[Feature]) -> dict[str, str]:
    """Name the table of defaults of each column of the table that has one, and of those that are derived."""
    kinds = {column.name: str(column.kind) for column in columns} | {each.name: "number" for each in derived}
    return {name: _DEFAULTS[kind] for name, kind in kinds.items() if kind in _DEFAULTS}


def _groups(features: Sequence[Feature], found: Sequence[Plan]) -> list[_Group]:
    """Put columns with one plan together: their nodes take all of them at once."""
    by_plan: dict[str, list[int]] = {}
    for place, (feature, plan) in enumerate(zip(features, found, strict=True)):
        by_plan.setdefault(f"{feature.is_category} {feature.text} {sorted(plan.items())}", []).append(place)
    groups = []
    for places in by_plan.values():
        plan = found[places[0]]
        steps = steps_of(plan, stages_of(features[places[0]]))
        groups.append(_Group(tuple(places), tuple(steps), bool(plan.get(MISSING_INDICATOR))))
    return groups


def _kept(groups: Sequence[_Group], sample: Sample) -> Mask:
    """Say which training rows stay, before anything else is fitted.

    Columns with the same method are taken together, whatever else is done to them: some look at several at once.
    """
    places: dict[RowFilter, list[int]] = {}
    for group in groups:
        for method in _filters(group):
            places.setdefault(method, []).extend(group.places)
    kept = np.ones(len(sample.values), dtype=np.bool_)
    for method, its in places.items():
        kept &= method.kept(_columns_of(sample, sorted(its)))
    if not kept.any():
        raise DataError(f"features: outliers must leave training rows, got all {len(kept)} dropped")
    return kept


def _filters(group: _Group) -> Iterator[RowFilter]:
    for step in group.steps:
        if isinstance(step.method, RowFilter) and step.method.drops_rows:
            yield step.method


def _fit_groups(groups: Sequence[_Group], sample: Sample) -> tuple[SideBySide, Values, list[NamedMethod]]:
    """Fit each column's own methods; gives with their values the steps that take several columns at once."""
    parts: list[tuple[tuple[int, ...], Fitted]] = []
    values = []
    across: dict[NamedMethod, list[str]] = {}
    for group in groups:
        chains = [[step for step in group.steps if not _drops(step) and not isinstance(step.method, AcrossColumns)]]
        if group.indicator:
            chains.append([NamedMethod("missing indicator", MissingIndicator())])
        names: list[str] = []
        for chain in chains:
            fitted, made = fit_sequence(chain, _columns_of(sample, group.places))
            names = names or [feature.name for feature in fitted.features]
            if fitted.features:
                parts.append((group.places, fitted))
                values.append(made)
        for step in group.steps:
            if isinstance(step.method, AcrossColumns):
                across.setdefault(step, []).extend(names)
    steps = [replace(step, method=OnColumns(step.method, frozenset(names))) for step, names in across.items()]
    return SideBySide(tuple(parts), len(sample.features)), np.concatenate(values, axis=1), steps


def _drops(step: NamedMethod) -> bool:
    return isinstance(step.method, RowFilter) and step.method.drops_rows


def _last_steps(document: Mapping[str, Any]) -> list[NamedMethod]:
    """Make the methods that take all columns: extraction, then selection."""
    extract = document.get("extract", {})
    steps = [
        NamedMethod(f"extract {name}", EXTRACTION[name](**extract[name])) for name in EXTRACTION if name in extract
    ]
    return [*steps, *steps_of(document, {"select": SELECTION})]


def _columns_of(sample: Sample, places: Sequence[int]) -> Sample:
    features = tuple(sample.features[place] for place in places)
    return replace(sample, features=features, values=sample.values[:, list(places)])


def _rows_of(sample: Sample, kept: Mask) -> Sample:
    return replace(sample, values=sample.values[kept], target=sample.target[kept])
