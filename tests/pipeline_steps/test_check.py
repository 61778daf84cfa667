import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_steps.check import main
from pipeline_steps.documents import write_json
from pipeline_steps.errors import DataError
from pipeline_steps.paths import Paths
from tests.pipeline_steps.shop import HEADER, USE_CASE

Rows = list[list[str]]


def _check(folder: Path, rows: Rows, *, header: list[str] = HEADER, delimiter: str = ",") -> None:
    with (folder / "table.csv").open("w", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([header, *rows])
    write_json(folder / "use_case.json", USE_CASE.to_document())
    main(["--input", str(folder / "table.csv"), "--use-case", str(folder / "use_case.json")], Paths(folder))


def test_a_good_table_is_summed_up_on_one_line(tmp_path: Path, shop, capsys: pytest.CaptureFixture[str]) -> None:
    rows = shop(300)
    _check(tmp_path, rows)
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["classes"]) == (300, ["FALSE", "TRUE"])
    assert len(found["sha256"]) == 64
    assert {each["check"] for each in found["findings"]} == {"folds", "few_of_a_label"}
    assert len(found["remarks"]) == 2


def _set(column: int, value: str) -> Callable[[Rows], Rows]:
    return lambda rows: [[*row[:column], value, *row[column + 1 :]] for row in rows]


def _only(column: int, value: str, *, rows: range) -> Callable[[Rows], Rows]:
    """In `rows` the column has `value`, in the others none."""
    return lambda table: [
        [*row[:column], value if number in rows else "", *row[column + 1 :]] for number, row in enumerate(table)
    ]


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (_set(1, "3.0"), "column spend is always 3 in the train split, so that a model learns nothing from it"),
        (
            _set(3, "TRUE"),
            "column returning is always 'TRUE' in the train split, so that a model learns nothing from it",
        ),
        (_only(1, "5", rows=range(1)), "column spend is empty in the "),
        (_only(2, "Nov", rows=range(1)), "column month is empty in the "),
    ],
)
def test_a_column_without_information_is_named(
    tmp_path: Path, shop, change: Callable[[Rows], Rows], remark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _check(tmp_path, change(shop(300)))
    findings = json.loads(capsys.readouterr().out)["findings"]
    (found,) = (each["message"] for each in findings if each["check"] in {"no_information", "empty_split"})
    assert found.startswith(remark)
    assert "always" in found or (found.count("split") == 1 and "1 of " in found)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: [], "data must have at least one row below the header"),
        (_set(4, "FALSE"), "target bought must hold the positive label 'TRUE', got 'FALSE' (300 rows)"),
        (_set(4, "TRUE"), "target bought must have two values, got 'TRUE' (300 rows)"),
        (_set(4, ""), "target bought must hold the positive label 'TRUE', got none"),
        (_set(1, "a lot"), "column spend must hold numbers, got 'a lot' in row 1 (300 such cells)"),
        (_set(1, "NA"), "column spend must hold at least one value, got 300 missing"),
        (_set(2, ""), "column month must hold at least one value, got 300 missing"),
        (lambda rows: [[*row[:4], "MAYBE"] if n % 9 == 0 else row for n, row in enumerate(rows)], "target bought must"),
        (lambda rows: rows[:30], "target bought must have rows of both labels in the test split, got none of 'TRUE'"),
    ],
)
def test_a_table_that_cannot_be_prepared_says_why(
    tmp_path: Path, shop, change: Callable[[Rows], Rows], reason: str
) -> None:
    with pytest.raises(DataError) as caught:
        _check(tmp_path, change(shop(300)))
    assert str(caught.value).startswith(reason)


def test_columns_of_another_table_are_reported_with_those_of_this_one(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        _check(tmp_path, [["1", "2"]], header=["height", "weight"])
    assert str(caught.value).startswith("columns absent from ")
    assert str(caught.value).endswith("visits, spend, month, returning, bought; it has height, weight")
