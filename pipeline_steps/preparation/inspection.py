"""From a table alone to the description of a use case: problem, kinds, and the columns that are left out, with why."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.preparation.column_kinds import kind_of_cells, number_advice
from pipeline_steps.preparation.data_checks import data_findings
from pipeline_steps.preparation.finding import Finding
from pipeline_steps.preparation.identifiers import is_identifier, named_as_identifier
from pipeline_steps.preparation.split_table import divided, split_table
from pipeline_steps.preparation.suggested_problem import (
    WITH_POSITIVE_LABEL,
    SuggestedProblem,
    shape_of,
    suggested_problem,
)
from pipeline_steps.preparation.suggested_problem import positive_label as suggested_label
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.column_readers import CellRules, reader_of
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.raw_table import RawTable, read_raw_table
from pipeline_steps.tables.source_table import header_of, read_source
from pipeline_steps.tables.use_case import Column, Kind, SplitPlan, TableFormat, UseCase

_LONGEST_NAME = 120
_SHOWN_LABELS = 20
_FEW_DISTINCT = 200
_LONG_TEXT = 60
_GROUPS = (20, 0.5)
_BINARY = 2
"""At least so many groups, and at most so many of them in a row of the table, make a group worth mentioning."""
_IDENTIFIER = "has another value in nearly every row, as an identifier has"
_FOLDS = 5
_LEFT_OUT = frozenset({"leak", "identifier", "no_information"})


def inspect_table(
    sources: Sequence[Path], *, target: str | None, problem: str | None, positive_label: str | None
) -> dict[str, Any]:
    """Describe the table.

    Raises:
        DataError: it cannot be read, or a model learns nothing from the target.
        ArgumentError: without a target the problem must be named.
    """
    read = read_source(sources, [Column(name, "category") for name in _names(header_of(sources))], TableFormat())
    texts = dict(zip(_names(read.header), read.cells, strict=True))
    decimal = _decimal(texts.values(), read.found)
    table_format = TableFormat(decimal=decimal if decimal != "." else None)
    name = _target_name(target, texts)
    suggested = _problem(name, texts, problem, positive_label, decimal)
    if len(texts) == (name is not None):
        raise DataError(f"the table must have a column beside the target {name}, got none")
    kinds = {each: _kind(texts[each], decimal) for each in texts if each != name}
    left_out = dict(_unusable(texts, kinds, decimal))
    if len(left_out) == len(kinds):  # a column in doubt is better than none
        left_out = {each: why for each, why in left_out.items() if kinds[each] != "number" or why != _IDENTIFIER}
    kept = tuple(Column(each, kind) for each, kind in kinds.items() if kind and each not in left_out)
    if not kept:
        reasons = "; ".join(f"{each} {why}" for each, why in left_out.items())
        raise DataError(f"the table must have a column that a model can learn from, got none: {reasons}")
    use_case = UseCase(
        suggested.problem,
        kept,
        target=name,
        metric=next(iter(problem_named(suggested.problem).metrics)),
        positive_label=suggested.positive_label,
        split=_split(texts, kept, left_out),
        ignore=tuple(left_out),
        table_format=table_format,
    )
    use_case, found = _findings(sources, use_case)
    leaking = {each.column: each.message for each in found if each.check in _LEFT_OUT and each.column}
    if len(leaking) < len(kept):
        left_out |= {each: why.removeprefix(f"column {each} ") for each, why in leaking.items()}
    columns = [column for column in kept if column.name not in left_out]
    return {
        "rows": len(read.cells[0]),
        "problem": suggested._asdict(),
        "target": None if name is None else {"name": name, "labels": _labels(texts[name])},
        "columns": [{"name": column.name, "kind": column.kind} for column in columns],
        "left_out": left_out,
        "split": {
            "method": use_case.split.method,
            "column": use_case.split.column,
            "seed": use_case.split.seed,
        },
        "times": [column.name for column in columns if column.kind == "datetime"],
        "groups": list(_groups(texts, left_out)),
        "format": {key: value for key, value in read.found.items() if key != "columns"} | {"decimal": decimal},
        "remarks": [*_unnamed(read.header), *(each.message for each in found if each.column not in left_out)],
    }


def _names(header: Sequence[str]) -> list[str]:
    return [plain for name in header if (plain := plain_name(name))]


def _unnamed(header: Sequence[str]) -> Iterator[str]:
    places = [str(place) for place, name in enumerate(header, 1) if not plain_name(name)]
    if places:
        yield f"columns without a name are left out, by their place in the header: {', '.join(places)}; name them"


def _target_name(target: str | None, texts: Mapping[str, Any]) -> str | None:
    if target is None or (name := plain_name(target)) in texts:
        return None if target is None else name
    raise DataError(f"target must be a column of the table, {', '.join(texts)}, got {quoted(target)}")


def _problem(
    target: str | None, texts: Mapping[str, "pd.Series[str]"], problem: str | None, positive: str | None, decimal: str
) -> SuggestedProblem:
    if target is not None and problem is not None and problem_named(problem).label_kind == "group":
        raise ArgumentError(f"--target must be left out with --problem {problem}, which has none, got {target}")
    if target is None:
        if problem is None or problem_named(problem).has_target:
            raise ArgumentError("give --target, the column to predict, or --problem anomaly or clustering")
        return SuggestedProblem(problem, "it was asked for")
    labels = _labels(texts[target], most=None)
    shape = shape_of(labels, decimal=decimal) if problem == "regression" else None
    given = SuggestedProblem(str(problem), "it was asked for", shape=shape)
    found = suggested_problem(target, labels, decimal=decimal) if problem is None else given
    if found.problem not in WITH_POSITIVE_LABEL:
        return found
    if positive is None and problem is not None and len(labels) > _BINARY:
        raise DataError(f"target {target} must have two values with --problem {problem}, got {len(labels)}")
    return found._replace(positive_label=positive or found.positive_label or suggested_label(labels))


def _labels(cells: "pd.Series[str]", most: int | None = _SHOWN_LABELS) -> dict[str, int]:
    counts = cells[cells != ""].value_counts()
    return {str(label): int(count) for label, count in counts.head(most or len(counts)).items()}


def _decimal(columns: Iterable["pd.Series[str]"], found: Mapping[str, Any]) -> str:
    """The mark that more columns of numbers have; with a comma between cells it is a point."""
    if found.get("delimiter", ",") == ",":
        return "."
    marks = [other for cells in columns if (other := _only_decimal(cells))]
    return "," if marks.count(",") > marks.count(".") else "."


def _only_decimal(cells: "pd.Series[str]") -> str | None:
    """The one mark with which all its cells are numbers; None for whole numbers, and for what is none."""
    distinct = cells.unique().tolist()
    marks = [mark for mark in (".", ",") if kind_of_cells(distinct, decimal=mark) == "number"]
    return marks[0] if len(marks) == 1 else None


def _kind(cells: "pd.Series[str]", decimal: str) -> Kind | None:
    return kind_of_cells(cells.unique().tolist(), decimal=decimal)


def _unusable(
    texts: Mapping[str, "pd.Series[str]"], kinds: Mapping[str, Kind | None], decimal: str
) -> Iterator[tuple[str, str]]:
    """The columns that no model should have, and why."""
    rules = CellRules(decimal)
    for name, kind in kinds.items():
        cells = texts[name]
        known = cells[cells != ""]
        distinct = known.nunique()
        if kind is None:
            yield name, "is empty"
        elif distinct == 1 and len(known) == len(cells):
            yield name, f"is always {quoted(known.iloc[0])}"
        elif {",", "\n", "\r"} & set(name) or len(name) > _LONGEST_NAME or name == "--":
            yield name, "has a name with a comma or a line break, or one that is too long: rename it to use it"
        elif kind == "category" and known.str.len().mean() > _LONG_TEXT and distinct > len(known) / 2:
            yield name, "holds free text"
        elif (
            kind == "category"
            and distinct > _SHOWN_LABELS
            and (advice := number_advice(known.unique().tolist(), decimal=decimal))
        ):
            yield name, advice
        elif is_identifier(name, kind, _values(cells, kind, rules)):
            yield name, _IDENTIFIER
        elif named_as_identifier(name) and distinct >= _GROUPS[0]:
            yield name, "is named as an identifier and has many values"


def _values(cells: "pd.Series[str]", kind: Kind, rules: CellRules) -> "pd.Series[Any]":
    reader = reader_of(kind, rules)
    reader.take(cells.tolist())
    return pd.Series(reader.values())


def _split(texts: Mapping[str, "pd.Series[str]"], kept: Sequence[Column], left_out: Mapping[str, str]) -> SplitPlan:
    """By content; where few rows differ, by an identifier if there is one."""
    features = pd.DataFrame({column.name: texts[column.name] for column in kept})
    rows = len(features)
    if len(features.drop_duplicates()) < min(_FEW_DISTINCT, rows):
        for name in left_out:
            if texts[name].nunique() == rows:
                return SplitPlan(method="id", column=name)
    return SplitPlan()


def _groups(texts: Mapping[str, "pd.Series[str]"], left_out: Mapping[str, str]) -> Iterator[str]:
    """Identifiers that several rows share: rows of one should perhaps not be in different splits."""
    for name in left_out:
        known = texts[name][texts[name] != ""]
        if _GROUPS[0] <= known.nunique() <= _GROUPS[1] * len(known) and named_as_identifier(name):
            yield name


def _findings(sources: Sequence[Path], use_case: UseCase) -> tuple[UseCase, list[Finding]]:
    raw, read = read_raw_table(sources, replace(use_case, folds=_FOLDS))
    read = _evenly_split(raw, read)
    return replace(use_case, split=read.split), list(data_findings(raw, split_table(raw, read)))


def _evenly_split(raw: RawTable, use_case: UseCase) -> UseCase:
    """With a seed that gives each split its share of the target, where the first one does not."""
    if raw.target is None:
        return use_case
    target, classes = problem_named(use_case.problem).read_target(raw.target, use_case)
    rows = divided(replace(use_case, classes=classes), raw.features, raw.split_by, target)
    return replace(use_case, split=rows.balanced().plan) if rows.uneven() else use_case
