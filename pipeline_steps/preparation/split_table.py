"""A raw table's rows, assigned to their splits, and described."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.features.text_options import text_options
from pipeline_steps.preparation.split_balance import Divided
from pipeline_steps.preparation.table_finding import TableFinding
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.cells import quoted
from pipeline_steps.tables.profile import measured_labels, profile_columns
from pipeline_steps.tables.raw_table import RawTable
from pipeline_steps.tables.relations import relations
from pipeline_steps.tables.row_outliers import row_outliers
from pipeline_steps.tables.source_table import raise_problems
from pipeline_steps.tables.split import SPLITS, assign_splits
from pipeline_steps.tables.use_case import UseCase

_BINARY = 2


@dataclass(frozen=True)
class SplitTable:
    """The splits, their target last as a number; the use case with what the table showed of it.

    `duplicates` are rows that are equal to an earlier one, target included; `dropped` are those that were left out.
    """

    splits: dict[str, pd.DataFrame]
    use_case: UseCase
    duplicates: int
    dropped: int


def split_table(raw: RawTable, given: UseCase) -> SplitTable:
    """Assign the rows to splits; equal ones are in one split, and are left out only where the settings say so.

    Raises:
        DataError: the target is none of the problem, or a split has no rows, or none of a class.
    """
    table, use_case, by = raw.features, given, raw.split_by
    if raw.target is not None:
        target, classes = problem_named(given.problem).read_target(raw.target, given)
        use_case = replace(given, classes=classes)
        table = table.assign(**{str(given.target): target})
    repeated = table.duplicated(keep="first").to_numpy()
    duplicates = int(repeated.sum())
    if dropping := given.table_format.drop_duplicates:
        table, by = table[~repeated], None if by is None else by[~repeated]
    assigned = assign_splits(given.split, table[given.names], by)
    splits = {name: table[assigned.splits == name] for name in SPLITS}
    prepared = SplitTable(splits, replace(use_case, split=assigned.plan), duplicates, duplicates * dropping)
    raise_problems(list(_split_problems(raw, prepared)))
    return prepared


def _read_characters(use_case: UseCase) -> dict[str, int]:
    """Of each text, how many characters are read."""
    texts = [column.name for column in use_case.columns if column.kind == "text"]
    return {name: text_options(use_case.features, name).characters for name in texts}


def divided_rows(raw: RawTable, prepared: SplitTable) -> Divided:
    """The rows of all splits with their target, as their balance is checked."""
    splits, use_case = prepared.splits, prepared.use_case
    target = pd.concat([table[str(use_case.target)] for table in splits.values()])
    order = np.argsort(target.index.to_numpy(), kind="stable")
    rows = target.index[order]
    names = np.repeat(list(splits), list(map(len, splits.values())))[order]
    features, by = raw.features.loc[rows], None if raw.split_by is None else raw.split_by.loc[rows]
    return replace(divided(use_case, features, by, target.to_numpy(dtype=np.float64)[order]), known=names)


def divided(
    use_case: UseCase, table: pd.DataFrame, by: "pd.Series[Any] | None", target: NDArray[np.float64]
) -> Divided:
    """The rows of a table as the use case, whose labels are known, divides them."""
    return Divided(
        plan=use_case.split,
        features=table[use_case.names],
        by=by,
        target=target,
        labels=len(use_case.classes),
        strata=problem_named(use_case.problem).strata(target),
        measured=("test",) if use_case.folds >= _BINARY else ("validation", "test"),
    )


def describe(raw: RawTable, prepared: SplitTable, findings: Sequence[TableFinding]) -> dict[str, Any]:
    """Make the profile: row counts of everything, statistics of the training split alone."""
    use_case, splits = prepared.use_case, prepared.splits
    counts = {name: len(table) for name, table in splits.items()}
    known = {"duplicates": prepared.duplicates, "dropped": prepared.dropped, "missing_target": raw.missing_target}
    return {
        "rows": {"source": raw.source_rows, "kept": sum(counts.values()), **known, **counts},
        **_target(use_case, splits),
        "remarks": [finding.message for finding in findings],
        "findings": [asdict(finding) for finding in findings],
        "unused_columns": list(raw.unused),
        "source": raw.found,
        "columns": profile_columns(use_case, splits["train"], read_characters=_read_characters(use_case)),
        "target_labels": measured_labels(use_case, splits["train"]),
        **relations(use_case, splits["train"]),
        **row_outliers(use_case, splits["train"]),
    }


def _target(use_case: UseCase, splits: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """The mean of the target by split, or how many rows of each label; of two labels, the share of the second."""
    if use_case.target is None:
        return {}
    means = {name: float(table[use_case.target].mean()) for name, table in splits.items()}
    if not use_case.classes:
        return {"target_mean": means}
    labels = {
        name: dict(zip(use_case.classes, _counts(table[use_case.target], len(use_case.classes)), strict=True))
        for name, table in splits.items()
    }
    return {"labels": labels} | ({"positive_rate": means} if len(use_case.classes) == _BINARY else {})


def _counts(target: "pd.Series[float]", classes: int) -> list[int]:
    places = target.dropna().to_numpy().astype(np.int64)
    return [int(count) for count in np.bincount(places, minlength=classes)]


def _split_problems(raw: RawTable, prepared: SplitTable) -> Iterator[str]:
    splits, use_case = prepared.splits, prepared.use_case
    rows = {name: len(table) for name, table in splits.items()}
    if empty := [name for name, count in rows.items() if not count]:
        found = ", ".join(f"{count} {name}" for name, count in rows.items())
        yield f"every split must have rows, got {found}: the {empty[0]} split needs more rows or a larger share"
        return
    if problem_named(use_case.problem).likelihood != "bernoulli":
        return  # of several labels a rare one may be absent
    for name in SPLITS:
        counts = _counts(splits[name][str(use_case.target)], len(use_case.classes))
        if absent := [label for label, count in zip(use_case.classes, counts, strict=True) if not count]:
            balanced = divided_rows(raw, prepared).balanced()
            better = f", or [data.split] seed = {balanced.plan.seed}" if not balanced.uneven() else ""
            yield (
                f"target {use_case.target} must have rows of both labels in the {name} split, got none of "
                f"{quoted(absent[0])}: it needs more such rows{better}"
            )
