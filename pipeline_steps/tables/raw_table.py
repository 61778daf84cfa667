"""The user's table, and its checks before anything is fitted on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline_steps.tables.cells import category, quoted
from pipeline_steps.tables.csv_table import raise_problems, read_table
from pipeline_steps.tables.near_matches import near_match
from pipeline_steps.tables.schema import Column, Schema


@dataclass(frozen=True)
class RawTable:
    """The user's features, and the target last as 0 and 1; rows without a target are left out."""

    table: pd.DataFrame
    source_rows: int

    @property
    def missing_target(self) -> int:
        return self.source_rows - len(self.table)


def read_raw_table(path: Path, schema: Schema) -> RawTable:
    """Read and check the table in `path`.

    Raises:
        DataError: what is wrong, a line each.
    """
    source = read_table(path, [*schema.columns, Column(schema.target, "category")])
    table = source[source[schema.target] != ""]
    raise_problems([*_target_problems(table[schema.target], schema), *_column_problems(table[schema.names])])
    table[schema.target] = (table[schema.target] == category(schema.positive_label)).astype(int)
    return RawTable(table, len(source))


def _target_problems(target: "pd.Series[str]", schema: Schema) -> Iterator[str]:
    found = target.value_counts().sort_index()
    values = ", ".join(f"{quoted(value)} ({count} rows)" for value, count in found.head(5).items()) or "none"
    if category(schema.positive_label) not in found:
        near = near_match(schema.positive_label, found.index)
        yield (
            f"target {schema.target} must hold the positive label {quoted(schema.positive_label)}, got {values}"
            + (f"; there is {near}" if near else "")
        )
    elif len(found) != 2:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        yield f"target {schema.target} must have two values, got {values}{more}"


def _column_problems(features: pd.DataFrame) -> Iterator[str]:
    missing = features.isna() | (features == "")
    for name in missing.columns[missing.all()] if len(features) else []:
        yield f"column {name} must hold at least one value, got {len(features)} missing"
