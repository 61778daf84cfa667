"""Checks of how rows were divided among the splits."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from pipeline_steps.preparation.split_balance import Divided, Uneven
from pipeline_steps.preparation.split_table import SplitTable, divided_rows
from pipeline_steps.preparation.table_finding import TableFinding, percent
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.raw_table import RawTable
from pipeline_steps.tables.use_case import UseCase

_FEW_DISTINCT = 200
_FEW_GROUPS = 30
_OFF_BY = 0.35
_NAMED = 8
_SHOWN = 3
_BERNOULLI = 2


def split_findings(raw: RawTable, prepared: SplitTable) -> Iterator[TableFinding]:
    """Check what each split has of the rows and of the target."""
    use_case, splits = prepared.use_case, prepared.splits
    if use_case.target is not None:
        yield from _untrained(splits["train"], use_case)
        yield from _uneven_target(divided_rows(raw, prepared), use_case)
    yield from _method(raw, {name: len(table) for name, table in splits.items()}, use_case)


def _untrained(train: pd.DataFrame, use_case: UseCase) -> Iterator[TableFinding]:
    seen = set(train[str(use_case.target)].astype(int)) if use_case.classes else set()
    if absent := [quoted(label) for place, label in enumerate(use_case.classes) if place not in seen]:
        yield TableFinding(
            "untrained_label",
            f"no training row has the {use_case.target} {', '.join(absent[:_NAMED])}: it is never predicted; "
            "more such rows are needed, or another [data.split] seed",
            use_case.target,
        )


def _uneven_target(divided: Divided, use_case: UseCase) -> Iterator[TableFinding]:
    uneven = [each for each in divided.uneven() if each.rows or each.split != "train"]  # an untrained label is known
    if divided.labels == _BERNOULLI:  # the share of the other label says the same
        rarer = int(np.bincount(divided.target.astype(np.int64), minlength=_BERNOULLI).argmin())
        uneven = [each for each in uneven if each.label == rarer]
    if uneven:
        listed = "; ".join(_difference(each, use_case.classes) for each in uneven[:_SHOWN])
        more = f"; and {len(uneven) - _SHOWN} more" if len(uneven) > _SHOWN else ""
        message = f"target {use_case.target} {listed}{more}: {_remedy(divided)}"
        yield TableFinding("uneven_target", message, use_case.target)


def _difference(uneven: Uneven, classes: Sequence[str]) -> str:
    if uneven.label is None:
        return f"has a median of {uneven.found:g} in the {uneven.split} rows, but of {uneven.expected:g} in all"
    label = quoted(classes[uneven.label])
    shares = f"{percent(uneven.found)} in place of {percent(uneven.expected)}"
    return f"is {label} in {uneven.rows} of the {uneven.split} rows, {shares}"


def _remedy(divided: Divided) -> str:
    """What divides the target better."""
    plan = divided.plan
    if plan.method == "time":
        return "it changes with time, and a model that learned from older rows is measured on newer ones"
    if not (balanced := divided.balanced()).uneven():
        return f"[data.split] seed = {balanced.plan.seed} divides it evenly"
    if plan.method == "group":
        return f"rows of one {plan.column} stay together; more of them, or larger shares held out, divide it better"
    return (
        'more rows, or larger shares held out, divide it better; where many rows are equal, [data.split] method = "id" '
        "with an identifier does"
    )


def _method(raw: RawTable, rows: Mapping[str, int], use_case: UseCase) -> Iterator[TableFinding]:
    plan, total = use_case.split, sum(rows.values())
    distinct = len(raw.features.drop_duplicates())
    if plan.method == "content" and distinct < min(_FEW_DISTINCT, total / 2):
        yield TableFinding(
            "few_distinct_rows",
            f"only {distinct} of {total} rows differ in their features, and equal ones are in one split: "
            'with an identifier, [data.split] method = "id" and its column split them evenly',
        )
    elif plan.method in {"group", "id"} and raw.split_by is not None:
        if (groups := raw.split_by.nunique()) < _FEW_GROUPS:
            yield TableFinding(
                "few_groups", f"{plan.column} has {counted(groups, 'value')} only: splits by it are uneven", plan.column
            )
        if missing := int((raw.split_by == "").sum()):
            yield TableFinding(
                "no_group", f"{plan.column} is missing in {counted(missing, 'row')}: split by the features", plan.column
            )
    elif plan.method == "time" and raw.split_by is not None and (unknown := int(raw.split_by.isna().sum())):
        yield TableFinding(
            "no_time", f"{plan.column} is missing in {counted(unknown, 'row')}: used for training", plan.column
        )
    for name, percents in (("test", plan.test_percent), ("validation", plan.validation_percent)):
        share = rows[name] / total
        if abs(share / (percents / 100) - 1) > _OFF_BY:
            yield TableFinding(
                "uneven_split",
                f"the {name} split has {counted(rows[name], 'row')} ({percent(share)}) in place of {percents}%",
            )
