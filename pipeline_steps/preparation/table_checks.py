"""Checks of a whole table: its size, its target, its split, and how it was read."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from pipeline_steps.preparation.split_checks import split_findings
from pipeline_steps.preparation.split_table import SplitTable
from pipeline_steps.preparation.table_finding import TableFinding
from pipeline_steps.preparation.target_checks import target_findings
from pipeline_steps.rounding import counted
from pipeline_steps.tables.cells import quoted, shown
from pipeline_steps.tables.raw_table import RawTable
from pipeline_steps.tables.use_case import UseCase

_SMALL, _FOLDS_HELP = 200, 2_000
_MANY_LABELS = 50
_NOTABLE = 0.005
_TWO, _FEWEST_SORTED, _IN_ORDER = 2, 20, 0.98
_NAMED = 8
_USUAL_ENCODINGS = frozenset({"utf-8", "utf-8-sig"})


def table_findings(raw: RawTable, prepared: SplitTable) -> Iterator[TableFinding]:
    """Run every check of the whole table."""
    use_case, splits = prepared.use_case, prepared.splits
    yield from _size(sum(map(len, splits.values())), use_case)
    if use_case.target is not None:
        target = pd.concat([table[use_case.target] for table in splits.values()]).sort_index()
        yield from _target(target, raw, use_case)
    yield from split_findings(raw, prepared)
    yield from _rows(raw, prepared)
    yield from _reading(raw.found)


def is_sorted_by_target(target: "pd.Series[float]") -> bool:
    """Whether the rows are in the order of their target, or nearly."""
    values = target.to_numpy()
    labels = len(np.unique(values))
    if labels < _TWO or len(values) < _FEWEST_SORTED:
        return False
    if labels <= _MANY_LABELS:  # in blocks, whatever their order
        return int((np.diff(values) != 0).sum()) <= labels + 1
    return abs(float(np.corrcoef(target.rank(), np.arange(len(values)))[0, 1])) > _IN_ORDER


def _size(rows: int, use_case: UseCase) -> Iterator[TableFinding]:
    if rows < _SMALL:
        yield TableFinding(
            "too_small", f"{rows} rows are few: every figure will have a wide interval; more rows help most"
        )
    together = use_case.split.method in {"time", "group"}  # which folds would separate
    if rows < _FOLDS_HELP and use_case.folds < _TWO and use_case.target is not None and not together:
        yield TableFinding(
            "folds",
            f"with {counted(rows, 'row')}, models are compared better by cross-validation: [training] folds = 5",
        )


def _target(target: "pd.Series[float]", raw: RawTable, use_case: UseCase) -> Iterator[TableFinding]:
    name = str(use_case.target)
    if raw.missing_target:
        yield TableFinding(
            "missing_target", f"{name} is missing in {raw.missing_target} of {raw.source_rows} rows: left out", name
        )
    if use_case.classes and raw.target is not None:
        yield from _spellings(raw.target, name)
    if is_sorted_by_target(target):
        yield TableFinding(
            "sorted",
            f"rows are sorted by {name}: no order in time can be seen, and a rehearsal's earlier rows are drawn from "
            "all of them; write the rows in the order in which they arose",
            name,
        )
    yield from target_findings(np.asarray(target, dtype=np.float64), use_case)


def _spellings(labels: "pd.Series[str]", name: str) -> Iterator[TableFinding]:
    """Labels are compared as they are written."""
    spelled: dict[str, list[str]] = {}
    for label in sorted(labels.unique().tolist()):
        spelled.setdefault(label.strip().casefold(), []).append(label)
    alike = [" and ".join(map(quoted, each)) for text, each in spelled.items() if len(each) > 1 or not text]
    if alike:
        yield TableFinding(
            "spellings",
            f"target {name} has labels that are blank, or differ in blanks or capitals alone: "
            f"{'; '.join(alike[:_NAMED])}; write those that mean the same alike, and leave unknown ones empty",
            name,
        )


def _rows(raw: RawTable, prepared: SplitTable) -> Iterator[TableFinding]:
    total = len(raw.features)
    if prepared.dropped:
        yield TableFinding("duplicates", f"rows equal to an earlier one are left out: {prepared.dropped} of {total}")
    elif prepared.duplicates > _NOTABLE * total:
        yield TableFinding(
            "duplicates",
            f"rows equal to an earlier one are kept, in the same split: {prepared.duplicates} of {total}; where each "
            "stands for one event twice, set [data] drop_duplicates = true",
        )
    if unused := [name for name in raw.unused if name != prepared.use_case.split.column]:
        more = f" and {len(unused) - _NAMED} more" if len(unused) > _NAMED else ""
        yield TableFinding(
            "unused_columns",
            f"columns of the table without a kind are left out: {', '.join(map(shown, unused[:_NAMED]))}{more} "
            "(in [data] ignore they are left out without this remark)",
        )


def _reading(found: Mapping[str, Any]) -> Iterator[TableFinding]:
    if (encoding := found.get("encoding", "utf-8")) not in _USUAL_ENCODINGS:
        yield TableFinding("encoding", f"the text is read as {encoding}: [data.format] encoding sets another one")
    for name, detected in found.get("columns", {}).items():
        if markers := detected.get("missing"):
            listed = ", ".join(map(quoted, markers))
            yield TableFinding("missing_markers", f"column {name}: {listed} is taken for a missing number", name)
        if code := detected.get("code"):
            yield TableFinding(
                "codes_as_numbers",
                f"column {name} holds codes such as {quoted(code)}, read as numbers without their zeros or signs: its "
                'kind should be "category", unless they count something',
                name,
            )
        if also := detected.get("also"):
            yield TableFinding(
                "ambiguous_dates",
                f"column {name} is read as {detected['format']}, but {also} reads all its dates too: "
                "[data.format] datetime says which is right",
                name,
            )
