"""The parts of dates that a recipe chooses."""

import numpy as np
import pytest

from pipeline_steps.errors import StepError
from pipeline_steps.features.date_features import date_features
from pipeline_steps.features.execution import node_values
from pipeline_steps.features.method import Feature

TABLE = tuple(
    Feature(name, (name.partition(":")[0],)) for name in ("size", "born", "born: month", "sold", "sold: hour")
)


def test_years_are_the_calendars_on_every_first_and_last_day() -> None:
    firsts = np.arange("1600", "2500", dtype="datetime64[Y]").astype("datetime64[D]")
    days = (np.concatenate([firsts, firsts - 1]) - np.datetime64("2000-01-01")).astype(float)
    rows = np.column_stack([days * 0, days, days * 0, days + 0.999, days * 0])
    rows = np.vstack([rows, np.full((1, 5), np.nan)])
    made = node_values(date_features([{"parts": ["year"]}], TABLE, ["born", "sold"]), rows, what="dates")
    years = np.concatenate([np.arange(1600, 2500), np.arange(1599, 2499), [np.nan]])
    np.testing.assert_array_equal(made[:, 1:], np.column_stack([years, years]))


def test_the_last_table_that_names_a_date_chooses_its_parts() -> None:
    rules = [{"parts": ["elapsed", "month"]}, {"columns": ["so*"], "parts": ["hour_cycle"]}]
    fitted = date_features(rules, TABLE, ["born", "sold"])
    names = [feature.name for feature in fitted.features]
    assert names == ["size", "born", "born: month", "sold: hour sine", "sold: hour cosine"]
    made = node_values(fitted, np.array([[1.0, 2.0, 3.0, 4.0, 18.0]]), what="dates")
    np.testing.assert_allclose(made, [[1, 2, 3, -1, 0]], atol=1e-12)


def test_a_column_that_is_no_date_is_refused() -> None:
    with pytest.raises(StepError, match=r"features.dates.0.columns must name columns of dates, got size"):
        date_features([{"columns": ["size"], "parts": ["year"]}], TABLE, ["born", "sold"])
