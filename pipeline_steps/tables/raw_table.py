"""The user's table, and its checks before anything is fitted on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_steps.tables.csv_table import raise_problems, read_table
from pipeline_steps.tables.use_case import Column, UseCase


@dataclass(frozen=True)
class RawTable:
    """The user's features, and the target's cells as text; rows without a target are left out."""

    features: pd.DataFrame
    target: "pd.Series[str] | None"
    source_rows: int

    @property
    def missing_target(self) -> int:
        """How many rows were left out."""
        return self.source_rows - len(self.features)


def read_raw_table(path: Path, use_case: UseCase) -> RawTable:
    """Read and check the table in `path`.

    Raises:
        DataError: what is wrong, a line each.
    """
    if use_case.target is None:
        table = read_table(path, use_case.columns)
        raise_problems(list(_column_problems(table)))
        return RawTable(table, None, len(table))
    source = read_table(path, [*use_case.columns, Column(use_case.target, "category")])
    table = source[source[use_case.target] != ""]
    raise_problems(list(_column_problems(table[use_case.names])))
    return RawTable(table[use_case.names], table[use_case.target], len(source))


def _column_problems(features: pd.DataFrame) -> Iterator[str]:
    missing = features.isna() | (features == "")
    for name in missing.columns[missing.all()] if len(features) else []:
        yield f"column {name} must hold at least one value, got {len(features)} missing"
