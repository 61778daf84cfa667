"""prepare: the raw table becomes three splits and a profile of the training split."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.arguments import StepParser
from pipeline_steps.documents import read_json, sha256_of, write_json
from pipeline_steps.errors import DataError
from pipeline_steps.paths import Paths
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.tables.csv_table import write_table
from pipeline_steps.tables.data_warnings import data_warnings
from pipeline_steps.tables.profile import profile_columns, relations
from pipeline_steps.tables.raw_table import RawTable, read_raw_table
from pipeline_steps.tables.split import SPLITS, assign_splits, block_rows
from pipeline_steps.tables.use_case import FILE, UseCase


def parser() -> StepParser:
    """The command line of `prepare`: it has no argument, the use case is an input."""
    return StepParser("prepare")


def main(argv: Sequence[str], paths: Paths) -> None:
    """Run the step."""
    parser().parse_args(argv)
    given = UseCase.from_document(read_json(the_one_file(paths.processing_input("use_case"), "*.json")))
    source = the_one_file(paths.processing_input("data"), "*.csv")
    raw = read_raw_table(source, given)
    dealt = split_table(raw, given)
    profile_folder = paths.processing_output("profile")
    hashes = {"source": sha256_of(source)}
    for name, table in dealt.splits.items():
        folder = paths.processing_output(name)
        write_table(folder / "data.csv", table)
        write_json(folder / FILE, dealt.use_case.to_document())
        hashes[name] = sha256_of(folder / "data.csv")
    write_json(profile_folder / FILE, dealt.use_case.to_document())
    profile = describe(raw, dealt)
    write_json(profile_folder / "profile.json", profile | {"sha256": hashes})
    sys.stdout.write(", ".join(f"{count} {name}" for name, count in profile["rows"].items()) + " rows\n")
    sys.stdout.writelines(f"{remark}\n" for remark in profile["remarks"])


def the_one_file(folder: Path, pattern: str) -> Path:
    """Find the one file of an input.

    Raises:
        DataError: there is none, or more than one.
    """
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found[:5]) or "none"
        raise DataError(f"the input must hold exactly one {pattern.removeprefix('*')} file, got {names} in {folder}")
    return found[0]


@dataclass(frozen=True)
class DealtTable:
    """The splits, their target last as a number; the use case with its classes, and what was dropped."""

    splits: dict[str, pd.DataFrame]
    use_case: UseCase
    duplicates: int


def split_table(raw: RawTable, given: UseCase) -> DealtTable:
    """Drop exact duplicates, then deal the rows.

    Raises:
        DataError: the target is none of the problem, or a class has too few rows to be in every split.
    """
    problem = problem_named(given.problem)
    table, use_case, target = raw.features, given, np.full(len(raw.features), np.nan)
    if raw.target is not None:
        target, classes = problem.read_target(raw.target, given)
        use_case = replace(given, classes=classes)
        table = table.assign(**{str(given.target): target})
    kept = ~table.duplicated(keep="first").to_numpy()
    strata = problem.strata(target[kept])
    _check_strata(strata, use_case)
    assigned = assign_splits(strata, given.split)
    splits = {name: table[kept][assigned == name] for name in SPLITS}
    return DealtTable(splits, use_case, int((~kept).sum()))


def _check_strata(strata: NDArray[np.int64], use_case: UseCase) -> None:
    needed, smallest = block_rows(use_case.split), int(np.unique(strata, return_counts=True)[1].min())
    if smallest < needed:
        raise DataError(
            f"target {use_case.target} must have at least {needed} different rows of each value to be split, "
            f"got {smallest} of one"
        )


def describe(raw: RawTable, dealt: DealtTable) -> dict[str, Any]:
    """Make the profile: row counts of everything, statistics of the training split alone."""
    use_case, splits = dealt.use_case, dealt.splits
    counts = {name: len(table) for name, table in splits.items()}
    dropped = {"duplicates": dealt.duplicates, "missing_target": raw.missing_target}
    return {
        "rows": {"source": raw.source_rows, "kept": sum(counts.values()), **dropped, **counts},
        **_target_means(use_case, splits),
        "remarks": data_warnings(use_case.columns, splits),
        "columns": profile_columns(use_case, splits["train"]),
        **relations(use_case, splits["train"]),
    }


def _target_means(use_case: UseCase, splits: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The mean of the target by split: of 0 and 1, the share of positives."""
    if use_case.target is None:
        return {}
    return {"positive_rate": {name: float(table[use_case.target].mean()) for name, table in splits.items()}}
