from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.errors import StepError
from pipeline_steps.tables.row_outliers import METHODS, row_outliers
from pipeline_steps.tables.use_case import Column, UseCase

USE_CASE = UseCase("anomaly", (Column("x", "number"), Column("y", "number")), None, "auc", row_outliers=tuple(METHODS))


def _table() -> pd.DataFrame:
    made = np.random.default_rng(0).normal(size=(150, 2))
    made[:, 1] = made[:, 0] + 0.1 * made[:, 1]
    return pd.DataFrame(made, columns=["x", "y"])


def _counts(table: pd.DataFrame, use_case: UseCase = USE_CASE) -> dict[str, int]:
    return {name: each["count"] for name, each in row_outliers(use_case, table)["row_outliers"]["methods"].items()}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_finds_a_row_whose_numbers_do_not_belong_together(name: str) -> None:
    table, only = _table(), replace(USE_CASE, row_outliers=(name,))
    assert not METHODS[name][1](table.to_numpy())[0]
    table.loc[0] = [2.0, -2.0]  # each number alone is ordinary
    found = METHODS[name][1](table.to_numpy())
    assert found[0]
    assert 0 < _counts(table, only)[name] < len(table) / 4


def test_an_impossible_value_makes_no_row_an_outlier() -> None:
    ranged = replace(USE_CASE, columns=(Column("x", "number", max=9), Column("y", "number")))
    table = _table()
    table.loc[0] = [9999.0, 0.0]
    ranged = replace(ranged, row_outliers=("elliptic_envelope",))
    assert _counts(table, ranged) == {"elliptic_envelope": 0}


def test_a_method_that_cannot_be_applied_says_why() -> None:
    table = _table().assign(y=lambda made: 2 * made["x"])
    only = replace(USE_CASE, row_outliers=("elliptic_envelope", "dbscan"))
    found = row_outliers(only, table)["row_outliers"]["methods"]
    assert "full rank" in found["elliptic_envelope"]["skipped"]
    assert "count" in found["dbscan"]
    few = row_outliers(only, table[:9])["row_outliers"]["methods"]
    assert few["dbscan"]["skipped"] == "needs 30 rows and a number that varies"


def test_a_method_that_is_none_is_refused() -> None:
    with pytest.raises(StepError, match=r"row_outliers must be of isolation_forest, .* got mean"):
        row_outliers(replace(USE_CASE, row_outliers=("mean",)), _table())
