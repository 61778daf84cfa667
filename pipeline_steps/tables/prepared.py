"""The splits as `prepare` wrote them, read for fitting and evaluation."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline_steps.documents import read_json
from pipeline_steps.errors import DataError
from pipeline_steps.tables.csv_table import read_table
from pipeline_steps.tables.use_case import FILE, Column, UseCase


@dataclass(frozen=True)
class Split:
    """The feature columns, and the target as a number a row: NaN where the problem has none."""

    features: pd.DataFrame
    target: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.features)


def read_use_case(folder: Path) -> UseCase:
    """Read the use case that lies beside a split in `folder`."""
    return UseCase.from_document(read_json(folder / FILE))


def read_split(folder: Path, use_case: UseCase) -> Split:
    """Read the `data.csv` in `folder`.

    Raises:
        DataError: a column is absent or of another type, or a row has no target, or all have one label.
    """
    if use_case.target is None:
        table = read_table(folder / "data.csv", use_case.columns)
        return Split(table[use_case.names], np.full(len(table), np.nan))
    table = read_table(folder / "data.csv", [*use_case.columns, Column(use_case.target, "number")])
    target = table[use_case.target].to_numpy()
    if missing := int(np.isnan(target).sum()):
        raise DataError(f"target {use_case.target} must be known in every row in {folder}, got {missing} missing")
    if use_case.classes and len(found := np.unique(target)) < min(2, len(use_case.classes)):
        label = use_case.classes[int(found[0])]
        raise DataError(f"target {use_case.target} must hold two labels or more in {folder}, got {label} alone")
    return Split(table[use_case.names], target)
