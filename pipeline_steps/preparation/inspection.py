"""From a table alone to the description of a use case: problem, kinds, and the columns that are left out, with why."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline_steps.errors import ArgumentError, DataError
from pipeline_steps.preparation.data_checks import data_findings
from pipeline_steps.preparation.free_text import free_text
from pipeline_steps.preparation.identifiers import is_identifier, named_as_identifier
from pipeline_steps.preparation.split_table import divided, split_table
from pipeline_steps.preparation.suggested_problem import (
    WITH_POSITIVE_LABEL,
    SuggestedProblem,
    shape_of,
    suggested_problem,
)
from pipeline_steps.preparation.suggested_problem import positive_label as suggested_label
from pipeline_steps.preparation.table_finding import TableFinding
from pipeline_steps.preparation.text_table import TextTable
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.cells import quoted, shown
from pipeline_steps.tables.codes import are_codes
from pipeline_steps.tables.header import plain_name
from pipeline_steps.tables.raw_table import RawTable, raw_table, wanted_columns
from pipeline_steps.tables.use_case import Column, Kind, SplitPlan, TableFormat, UseCase
from pipeline_steps.tables.written_numbers import number_advice, too_large

_LONGEST_NAME = 120
_SHOWN_LABELS = 20
_FEW_DISTINCT = 200
_LONG_TEXT = 60
_GROUPS = (20, 0.5)
"""At least so many groups, and at most so many of them in a row of the table, make a group worth mentioning."""
_BINARY = 2
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
    texts = TextTable(sources)
    name = _target_name(target, texts)
    suggested = _problem(name, texts, problem, positive_label)
    if len(texts) == (name is not None):
        raise DataError(f"the table must have a column beside the target {shown(str(name))}, got none")
    kept, left_out = _usable(texts, name)
    use_case = UseCase(
        suggested.problem,
        kept,
        target=name,
        metric=next(iter(problem_named(suggested.problem).metrics)),
        positive_label=suggested.positive_label,
        split=_split(texts, kept, left_out),
        ignore=tuple(left_out),
        table_format=TableFormat(decimal=texts.decimal if texts.decimal != "." else None),
        fits_counts=suggested.shape == "counts",  # the written file has the family poisson for them
    )
    use_case, found = _findings(texts, use_case)
    leaking = {each.column: each.message for each in found if each.check in _LEFT_OUT and each.column}
    if len(leaking) < len(kept):
        left_out |= {each: why.removeprefix(f"column {each} ") for each, why in leaking.items()}
    return {"problem": suggested._asdict(), **_description(texts, use_case, left_out, found)}


def _usable(texts: TextTable, target: str | None) -> tuple[tuple[Column, ...], dict[str, str]]:
    """The columns that a model can have, and why it should not have the others."""
    kinds = {each: texts.kind(each) for each in texts if each != target}
    left_out = dict(_unusable(texts, kinds))
    if len(left_out) == len(kinds):  # a column in doubt is better than none
        left_out = {each: why for each, why in left_out.items() if kinds[each] != "number" or why != _IDENTIFIER}
    kept = tuple(Column(each, kind) for each, kind in kinds.items() if kind and each not in left_out)
    if not kept:
        reasons = "; ".join(f"{shown(each)} {why}" for each, why in left_out.items())
        raise DataError(f"the table must have a column that a model can learn from, got none: {reasons}")
    return kept, left_out


def _description(
    texts: TextTable, use_case: UseCase, left_out: Mapping[str, str], found: Sequence[TableFinding]
) -> dict[str, Any]:
    name, split = use_case.target, use_case.split
    columns = [column for column in use_case.columns if column.name not in left_out]
    groups = list(_groups(texts, left_out))
    remarks = [*_unnamed(texts.source.header), *(each.message for each in found if each.column not in left_out)]
    return {
        "rows": texts.rows,
        "usable_rows": texts.rows if name is None else int((texts[name] != "").sum()),
        "target": None if name is None else {"name": name, "labels": _labels(texts[name])},
        "columns": [{"name": column.name, "kind": column.kind} for column in columns],
        "by_characters": [
            each.name for each in columns if each.kind == "text" and free_text(texts.known(each.name)) == "characters"
        ],
        "left_out": left_out,
        "split": {"method": split.method, "column": split.column, "seed": split.seed},
        "times": [column.name for column in columns if column.kind == "datetime"],
        "groups": groups,
        "format": _without_columns(texts.source.found) | {"decimal": texts.decimal},
        "remarks": [*remarks, *map(_shared, groups[:1])],
    }


def _without_columns(found: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != "columns"}


def _unnamed(header: Sequence[str]) -> Iterator[str]:
    places = [str(place) for place, name in enumerate(header, 1) if not plain_name(name)]
    if places:
        yield f"columns without a name are left out, by their place in the header: {', '.join(places)}; name them"


def _target_name(target: str | None, texts: Mapping[str, Any]) -> str | None:
    if target is None or (name := plain_name(target)) in texts:
        return None if target is None else name
    raise DataError(f"target must be a column of the table, {', '.join(map(shown, texts))}, got {quoted(target)}")


def _problem(target: str | None, texts: TextTable, problem: str | None, positive: str | None) -> SuggestedProblem:
    if target is not None and problem is not None and problem_named(problem).label_kind == "group":
        raise ArgumentError(f"--target must be left out with --problem {problem}, which has none, got {shown(target)}")
    if target is None:
        if problem is None or problem_named(problem).has_target:
            raise ArgumentError("give --target, the column to predict, or --problem anomaly or clustering")
        return SuggestedProblem(problem, "it was asked for")
    labels, decimal = _labels(texts[target], most=None), texts.decimal
    if problem is None and len(labels) > _BINARY and (large := too_large(texts[target], decimal=decimal)):
        raise DataError(f"target {shown(target)} must hold numbers, {large}")
    shape = shape_of(labels, decimal=decimal) if problem == "regression" else None
    given = SuggestedProblem(str(problem), "it was asked for", shape=shape)
    found = suggested_problem(target, labels, decimal=decimal) if problem is None else given
    if found.problem not in WITH_POSITIVE_LABEL:
        return found
    if positive is None and problem is not None and len(labels) > _BINARY:
        raise DataError(f"target {shown(target)} must have two values with --problem {problem}, got {len(labels)}")
    return found._replace(positive_label=positive or found.positive_label or suggested_label(labels))


def _labels(cells: "pd.Series[str]", most: int | None = _SHOWN_LABELS) -> dict[str, int]:
    counts = cells[cells != ""].value_counts()
    return {str(label): int(count) for label, count in counts.head(most or len(counts)).items()}


def _unusable(texts: TextTable, kinds: Mapping[str, Kind | None]) -> Iterator[tuple[str, str]]:
    """The columns that no model should have, and why."""
    for name, kind in kinds.items():
        known, cells = texts.known(name), texts[name]
        distinct = len(known)
        if kind is None:
            yield name, "is empty"
        elif distinct == len(texts.distinct(name)) == 1:
            yield name, f"is always {quoted(known[0])}"
        elif {",", "\n", "\r"} & set(name) or len(name) > _LONGEST_NAME or name == "--":
            yield name, "has a name with a comma or a line break, or one that is too long: rename it to use it"
        elif kind == "category" and _is_long(cells[cells != ""], distinct):
            yield name, "holds long values without words that come again, different in most rows"
        elif kind == "category" and (advice := _advice(known, decimal=texts.decimal)):
            yield name, advice
        elif is_identifier(name, kind, texts.read(Column(name, kind))):
            yield name, _IDENTIFIER
        elif named_as_identifier(name) and distinct >= _GROUPS[0]:
            yield name, "is named as an identifier and has many values"


def _advice(known: Sequence[str], *, decimal: str) -> str | None:
    """What to do about numbers that are written for people; few of them, and codes, are categories."""
    if len(known) <= _SHOWN_LABELS or are_codes(known):
        return None
    return number_advice(known, decimal=decimal)


def _is_long(known: "pd.Series[str]", distinct: int) -> bool:
    return distinct > len(known) / 2 and bool(known.str.len().mean() > _LONG_TEXT)


def _split(texts: TextTable, kept: Sequence[Column], left_out: Mapping[str, str]) -> SplitPlan:
    """By content; where few rows differ, by an identifier if there is one."""
    enough = min(_FEW_DISTINCT, texts.rows)
    if any(len(texts.distinct(column.name)) >= enough for column in kept):
        return SplitPlan()
    features = pd.DataFrame({column.name: texts[column.name] for column in kept})
    if len(features.drop_duplicates()) < enough:
        for name in left_out:
            if len(texts.distinct(name)) == texts.rows:
                return SplitPlan(method="id", column=name)
    return SplitPlan()


def _shared(name: str) -> str:
    return (
        f"several rows have the same {shown(name)}, and may lie in different splits: where new ones are to be "
        f'predicted, set [data.split] method = "group" and column = {json.dumps(name, ensure_ascii=False)}'
    )


def _groups(texts: TextTable, left_out: Mapping[str, str]) -> Iterator[str]:
    """Identifiers that several rows share: rows of one should perhaps not be in different splits."""
    for name in left_out:
        rows = int((texts[name] != "").sum())
        if _GROUPS[0] <= len(texts.known(name)) <= _GROUPS[1] * rows and named_as_identifier(name):
            yield name


def _findings(texts: TextTable, use_case: UseCase) -> tuple[UseCase, list[TableFinding]]:
    raw, read = raw_table(texts.typed(wanted_columns(use_case)), replace(use_case, folds=_FOLDS))
    read = _evenly_split(raw, read)
    return replace(use_case, split=read.split), list(data_findings(raw, split_table(raw, read)))


def _evenly_split(raw: RawTable, use_case: UseCase) -> UseCase:
    """With a seed that gives each split its share of the target, where the first one does not."""
    if raw.target is None:
        return use_case
    target, classes = problem_named(use_case.problem).read_target(raw.target, use_case)
    rows = divided(replace(use_case, classes=classes), raw.features, raw.split_by, target)
    return replace(use_case, split=rows.balanced().plan) if rows.uneven() else use_case
