"""The page on laptop and AWS: each row names its test, or says nothing where there is none."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
HARSHER = {"AWS", "laptop", "equal", "unknown"}


def rows() -> list[list[str]]:
    lines = (PROJECT / "docs" / "fidelity.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table[2:]]


def test_each_row_has_its_five_cells_and_says_which_side_is_harsher() -> None:
    assert {len(row) for row in rows()} == {5}
    assert [row for row in rows() if not any(side in row[3] for side in HARSHER)] == []


def test_what_shows_a_row_is_a_test_that_exists() -> None:
    named = [path for row in rows() for path in re.findall(r"`([^`]+)`", row[4])]
    assert len(named) > 20
    assert [path for path in named if not path.startswith("tests/") or not (PROJECT / path).exists()] == []


def test_only_rows_where_aws_is_harsher_may_lack_a_test() -> None:
    assert [row[0] for row in rows() if not row[4] and row[3] != "AWS"] == []


def test_each_difference_has_one_row() -> None:
    names = [row[0] for row in rows()]
    assert [name for name in names if names.count(name) > 1] == []
