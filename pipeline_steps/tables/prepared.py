"""The splits as `prepare` wrote them, read for fitting and evaluation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.documents import read_json
from pipeline_steps.errors import DataError
from pipeline_steps.tables.csv_table import read_table
from pipeline_steps.tables.schema import Column, Schema


@dataclass(frozen=True)
class Split:
    features: pd.DataFrame
    positive: NDArray[np.bool_]


def read_schema(folder: Path) -> Schema:
    """Read the `schema.json` in `folder`."""
    return Schema.from_document(read_json(folder / "schema.json"))


def read_split(folder: Path, schema: Schema) -> Split:
    """Read the `data.csv` in `folder`, whose target is 0 or 1.

    Raises:
        DataError: a column is absent or of another type, or the target holds something else or one class only.
    """
    table = read_table(folder / "data.csv", [*schema.columns, Column(schema.target, "number")])
    found = np.unique(table[schema.target])
    if found.tolist() != [0, 1]:
        raise DataError(f"target {schema.target} must hold both 0 and 1 in {folder}, got {found[:5].tolist()}")
    return Split(table[schema.names], (table[schema.target] == 1).to_numpy())
