import numpy as np
import pandas as pd

from pipeline_steps.evaluation.segments import FEWEST_ROWS, worst_segments
from pipeline_steps.problems.report import Losses

GENERATOR = np.random.default_rng(0)


def _table(rows: int = 600) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "age": GENERATOR.normal(40, 10, rows),
            "month": GENERATOR.choice(["Nov", "May", "Feb", "odd"], rows, p=[0.3, 0.3, 0.38, 0.02]),
        }
    )


def test_the_rows_where_the_model_is_worst_come_first_with_an_interval_around_their_loss() -> None:
    table = _table()
    losses = Losses("log_loss", GENERATOR.exponential(0.2, 600) + 0.5 * (table["month"] == "Nov").to_numpy())
    found = worst_segments(table, losses, confidence=0.95)
    worst = found["worst"][0]
    assert (worst["column"], worst["segment"], worst["worse_than_others"]) == ("month", "Nov", True)
    assert worst["low"] < worst["loss"] < worst["high"]
    assert worst["rows"] == (table["month"] == "Nov").sum()


def test_what_has_too_few_rows_is_no_segment_and_the_number_of_segments_is_said() -> None:
    table = _table()
    found = worst_segments(table, Losses("log_loss", np.ones(600)), confidence=0.95)
    assert (table["month"] == "odd").sum() < FEWEST_ROWS
    assert found["compared"] == 4 + 3
    assert found["words"].startswith("7 segments of at least 30 rows were compared")


def test_of_many_segments_without_a_difference_none_is_called_worse() -> None:
    generator = np.random.default_rng(2)
    columns = {f"c{place}": generator.choice(list("abcdefgh"), 2000) for place in range(40)}
    found = worst_segments(pd.DataFrame(columns), Losses("error", generator.normal(size=2000)), confidence=0.95)
    assert found["compared"] == 320
    assert not any(each["worse_than_others"] for each in found["worst"])


def test_days_are_written_as_dates_and_few_numbers_one_by_one() -> None:
    table = pd.DataFrame({"when": np.arange(400.0), "flag": [0.0, 1.0] * 200})
    found = worst_segments(table, Losses("error", np.arange(400.0)), confidence=0.95, datetimes=["when"])
    assert found["worst"][0]["segment"] == "2000-10-26 06:00 to 2001-02-03 00:00"
    assert {each["segment"] for each in found["worst"] if each["column"] == "flag"} == {"0", "1"}


def test_a_missing_number_and_a_constant_have_segments_too() -> None:
    table = pd.DataFrame({"gap": [np.nan] * 50 + [1.0] * 50, "text": [""] * 50 + ["x"] * 50})
    found = worst_segments(table, Losses("error", np.arange(100.0)), confidence=0.9)
    assert {(each["column"], each["segment"]) for each in found["worst"]} == {
        ("gap", "(missing)"),
        ("gap", "1"),
        ("text", "(missing)"),
        ("text", "x"),
    }


def test_the_interval_of_a_loss_that_is_never_negative_ends_at_zero() -> None:
    few_large = np.where(GENERATOR.random(600) < 0.01, 5.0, 0.0)
    worst = worst_segments(_table(), Losses("log_loss", few_large), confidence=0.95)["worst"]
    assert min(each["low"] for each in worst) == 0
