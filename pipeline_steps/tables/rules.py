"""What a raw table must be before anything is fitted on it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.cells import shown
from pipeline_steps.tables.schema import Column, Schema
from pipeline_steps.tables.table import Table, complain, read_table


@dataclass(frozen=True)
class RawTable:
    """The user's table with rows without a target left out; `positive` is the target as booleans."""

    features: Table
    positive: NDArray[np.bool_]
    source_rows: int
    missing_target: int


def read_raw_table(path: Path, schema: Schema) -> RawTable:
    """Read and judge the table in `path`.

    Raises:
        DataError: what is wrong, a line each.
    """
    table = read_table(path, [*schema.columns, Column(schema.target, "category")])
    target = table[schema.target]
    known = target != ""
    features = Table({name: table[name] for name in schema.names}).take(known)
    positive = target[known] == schema.positive_label
    complain([*_target_problems(target[known], schema), *_column_problems(features)])
    return RawTable(features, positive.astype(np.bool_), table.rows, int(table.rows - known.sum()))


def _target_problems(target: NDArray[np.object_], schema: Schema) -> Iterator[str]:
    values, counts = np.unique(target.astype(str), return_counts=True)
    found = {str(value): int(count) for value, count in zip(values, counts, strict=True)}
    told = ", ".join(f"{shown(value)} ({count} rows)" for value, count in list(found.items())[:5]) or "none"
    if schema.positive_label not in found:
        yield f"target {schema.target} must hold the positive label {shown(schema.positive_label)}, got {told}"
    elif len(found) != 2:
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        yield f"target {schema.target} must have two values, got {told}{more}"


def _column_problems(features: Table) -> Iterator[str]:
    for name, values in features.columns.items():
        missing = np.isnan(values) if values.dtype == np.float64 else values == ""
        if len(values) and missing.all():
            yield f"column {name} must hold at least one value, got {len(values)} missing"
