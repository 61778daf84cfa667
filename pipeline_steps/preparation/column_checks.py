"""Checks of one feature column."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from pipeline_steps.features.text_options import text_options
from pipeline_steps.preparation.free_text import free_text
from pipeline_steps.preparation.identifiers import is_identifier
from pipeline_steps.preparation.leaks import LEAKING, score_alone
from pipeline_steps.preparation.outlier_checks import outliers_of_one_value
from pipeline_steps.preparation.table_finding import TableFinding, percent
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import MISSING_NUMBERS, RARE_ROWS, parse_number, quoted
from pipeline_steps.tables.codes import are_codes
from pipeline_steps.tables.data_warnings import held_out_emptiness, no_information
from pipeline_steps.tables.datetimes import detect_format
from pipeline_steps.tables.use_case import Column, UseCase

_MANY_CATEGORIES = 50
_UNSEEN = 0.05
_SAMPLE = 2_000
_FEW_VALUES = 20
_NAMED = 3
_MOSTLY = 0.9


@dataclass(frozen=True)
class CheckedColumn:
    """One column in all splits; `table` has their rows in the order of the source."""

    column: Column
    use_case: UseCase
    train: pd.DataFrame
    held_out: pd.DataFrame
    splits: dict[str, pd.DataFrame]
    table: pd.DataFrame

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column.name

    @property
    def values(self) -> "pd.Series[Any]":
        """Its values in the order of the table."""
        return self.table[self.name]

    @property
    def by_split(self) -> dict[str, "pd.Series[Any]"]:
        """Its values in each split."""
        return {name: split[self.name] for name, split in self.splits.items()}

    @cached_property
    def texts(self) -> list[str]:
        """Distinct texts of a category, the empty one left out; a sample."""
        return [text for text in self.values.head(_SAMPLE * 10).unique().tolist() if text][:_SAMPLE]

    @cached_property
    def identifies_rows(self) -> bool:
        """Whether it numbers or names the rows."""
        return is_identifier(self.name, self.column.kind, self.values)


def column_findings(checked: CheckedColumn) -> Iterator[TableFinding]:
    """Run every check of one column."""
    for check in _CHECKS:
        for message in check(checked):
            yield TableFinding(check.__name__.strip("_"), f"column {checked.name} {message}", checked.name)


def _no_information(checked: CheckedColumn) -> Iterator[str]:
    yield from no_information(checked.column, checked.by_split)


def _empty_split(checked: CheckedColumn) -> Iterator[str]:
    yield from held_out_emptiness(checked.by_split)


def _impossible(checked: CheckedColumn) -> Iterator[str]:
    column = checked.column
    if column.min is None and column.max is None:
        return
    values = checked.table[column.name]
    wrong = values[~column.is_possible(values)]
    if len(wrong):
        ends = f"{'' if column.min is None else f'{column.min:g}'}..{'' if column.max is None else f'{column.max:g}'}"
        yield (
            f"has {len(wrong)} impossible values, outside of {ends} ([data.ranges]), such as {wrong.iloc[0]:g}: they "
            "are used as they are, so correct them in the source or empty their cells"
        )


def _outliers(checked: CheckedColumn) -> Iterator[str]:
    yield from outliers_of_one_value(checked.column, checked.train[checked.name], checked.use_case.features)


def _identifier(checked: CheckedColumn) -> Iterator[str]:
    if checked.identifies_rows and not (checked.column.kind == "category" and free_text(checked.texts)):
        yield "has another value in nearly every row, as an identifier has: leave it out ([data] ignore)"


def _leak(checked: CheckedColumn) -> Iterator[str]:
    use_case = checked.use_case
    likelihood = problem_named(use_case.problem).likelihood
    if likelihood not in LEAKING or checked.identifies_rows or use_case.target is None:
        return
    measure, near_one = LEAKING[likelihood]
    score = score_alone(checked.column, checked.train, checked.held_out, use_case.target, likelihood)
    if score >= near_one:
        yield (
            f"alone predicts {use_case.target} ({measure} {score:.3f}): if it is not known before the outcome, "
            "or is the outcome in other words, leave it out ([data] ignore)"
        )


def _many_categories(checked: CheckedColumn) -> Iterator[str]:
    if checked.column.kind != "category" or checked.identifies_rows:
        return
    rows = checked.train[checked.name].value_counts()
    rows = rows[rows.index != ""]
    rare = int((rows < RARE_ROWS).sum())
    if len(rows) > _MANY_CATEGORIES and rare:
        yield (
            f"has {len(rows)} categories, of which {rare} have fewer than {RARE_ROWS} training rows and count as "
            "other: group them beforehand if they matter"
        )


def _unseen(checked: CheckedColumn) -> Iterator[str]:
    if checked.column.kind != "category" or checked.identifies_rows or not len(checked.held_out):
        return
    known = set(checked.train[checked.name])
    new = ~checked.held_out[checked.name].isin(known)
    if (share := float(new.mean())) > _UNSEEN:
        yield f"has categories in {percent(share)} of the held-out rows that no training row has: they count as other"


def _texts(checked: CheckedColumn) -> Iterator[str]:
    if checked.column.kind != "text" or checked.identifies_rows:
        return
    texts = checked.table[checked.name]
    known = texts[texts != ""]
    if (empty := 1 - len(known) / len(texts)) > _MOSTLY:
        yield f"is empty in {percent(empty)} of the rows"
    distinct = len(known.unique())
    if distinct <= 1:
        return
    if (same := float(known.value_counts(normalize=True).iloc[0])) > _MOSTLY:
        yield f"has the same text in {percent(same)} of the rows that have one: the others are too few to learn from"
    elif distinct <= _FEW_VALUES:
        yield f'has {distinct} different texts: its kind should be "category"'
    most = text_options(checked.use_case.features, checked.name).characters
    if cut := int((known.str.len() > most).sum()):
        yield (
            f"has {counted(cut, 'text')} of more than {most} characters, the longest of {known.str.len().max()}: "
            "the rest of them is not read ([features] vectorise characters)"
        )


def _words_as_category(checked: CheckedColumn) -> Iterator[str]:
    if checked.column.kind == "category" and free_text(checked.texts):
        yield 'holds texts of several words, most of them different: its kind should be "text"'


def _dates_as_text(checked: CheckedColumn) -> Iterator[str]:
    if checked.column.kind != "category" or len(checked.texts) < _NAMED or _are_numbers(checked.texts):
        return
    if found := detect_format(checked.texts):
        yield f'holds dates ({found.format}), such as {quoted(checked.texts[0])}: its kind should be "datetime"'


def _numbers_as_text(checked: CheckedColumn) -> Iterator[str]:
    texts = checked.texts
    if checked.column.kind != "category" or len(texts) <= _FEW_VALUES or are_codes(texts):
        return
    if _are_numbers(texts):
        yield 'holds numbers: its kind should be "number", unless they are codes without an order'


def _are_numbers(texts: Sequence[str]) -> bool:
    try:
        return all(text not in MISSING_NUMBERS and parse_number(text) is not None for text in texts)
    except ValueError:
        return False


_CHECKS: tuple[Callable[[CheckedColumn], Iterator[str]], ...] = (
    _no_information,
    _empty_split,
    _impossible,
    _outliers,
    _identifier,
    _leak,
    _many_categories,
    _unseen,
    _texts,
    _words_as_category,
    _dates_as_text,
    _numbers_as_text,
)
