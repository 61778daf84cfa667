import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.documents import sha256_of
from pipeline_steps.errors import DataError
from pipeline_steps.paths import Paths
from pipeline_steps.prepare import main, split_table
from pipeline_steps.tables.raw_table import RawTable
from tests.pipeline_steps.shop import HEADER, USE_CASE, lay_use_case, write_rows


def _prepare(base: Path, rows: list[list[str]]) -> Path:
    write_rows(base / "processing/input/data/table.csv", rows)
    lay_use_case(base)
    main([], Paths(base))
    return base / "processing/output"


def _rows(output: Path, split: str) -> list[tuple[str, ...]]:
    with (output / split / "data.csv").open(newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def test_every_different_row_is_in_one_split_and_no_other(tmp_path: Path, shop) -> None:
    rows = shop(400)
    output = _prepare(tmp_path, [*rows, *rows[:50]])
    dealt = [row for split in ("train", "validation", "test") for row in _rows(output, split)[1:]]
    assert len(dealt) == len({tuple(row) for row in rows})
    assert max(Counter(dealt).values()) == 1


def test_the_first_of_equal_rows_is_kept_whatever_follows() -> None:
    equals = [[1, np.nan], [2, 0.0], [1, np.nan], [2, -0.0], [2, 1]]
    table = pd.DataFrame([*equals, *([3, number] for number in range(40))], columns=["visits", "spend"])
    target = pd.Series(["FALSE"] * 5 + ["FALSE", "TRUE"] * 20)
    dealt = split_table(RawTable(table, target, len(table)), USE_CASE)
    kept = pd.concat(dealt.splits.values()).index
    assert [row in kept for row in range(5)] == [True, True, False, False, True]
    assert (len(kept), dealt.duplicates) == (43, 2)


def test_the_profile_has_rows_hashes_and_shares(tmp_path: Path, shop) -> None:
    rows = shop(400)
    rows[7][4] = ""
    output = _prepare(tmp_path, [*rows, *rows[:50]])
    profile = json.loads((output / "profile/profile.json").read_text())
    counts = profile["rows"]
    assert counts["source"] == 450
    assert counts["missing_target"] == 2
    assert counts["kept"] == counts["train"] + counts["validation"] + counts["test"]
    assert counts["kept"] + counts["duplicates"] + counts["missing_target"] == counts["source"]
    for split in ("train", "validation", "test"):
        assert profile["sha256"][split] == sha256_of(output / split / "data.csv")
        assert profile["positive_rate"][split] == pytest.approx(profile["positive_rate"]["train"], abs=0.02)
    assert profile["sha256"]["source"] == sha256_of(tmp_path / "processing/input/data/table.csv")
    assert [column["name"] for column in profile["columns"]] == HEADER[:4]


def test_the_target_comes_last_as_0_and_1_and_features_keep_their_text(tmp_path: Path, shop) -> None:
    rows = shop(400)
    header, *test = _rows(_prepare(tmp_path, rows), "test")
    assert header == tuple(HEADER)
    assert {row[4] for row in test} == {"0", "1"}
    assert {row[3] for row in test} == {"TRUE", "FALSE"}
    known = {(row[0], row[2], row[3]) for row in rows}
    assert {(row[0], row[2], row[3]) for row in test} <= known


def test_a_row_stays_in_its_split_when_the_file_grows(tmp_path: Path, shop) -> None:
    rows = shop(600)
    before, after = _prepare(tmp_path / "a", rows[:360]), _prepare(tmp_path / "b", rows)
    for split in ("train", "validation", "test"):
        assert set(_rows(before, split)) <= set(_rows(after, split))


def test_a_profile_of_the_training_split_is_blind_to_the_others(tmp_path: Path, shop) -> None:
    rows = shop(400)
    output = _prepare(tmp_path / "a", rows)
    held_out = {row[:3] for split in ("validation", "test") for row in _rows(output, split)[1:]}
    assert held_out
    visits = [float(row[0]) for row in _rows(output, "train")[1:]]
    profile = json.loads((output / "profile/profile.json").read_text())
    assert profile["columns"][0]["mean"] == pytest.approx(sum(visits) / len(visits))


def test_columns_without_information_are_named_in_the_log_and_in_the_profile(
    tmp_path: Path, shop, capsys: pytest.CaptureFixture[str]
) -> None:
    output = _prepare(tmp_path, [[row[0], "2", *row[2:]] for row in shop(400)])
    remark = "column spend is always 2 in the train split, so that a model learns nothing from it"
    assert json.loads((output / "profile/profile.json").read_text())["remarks"] == [remark]
    assert capsys.readouterr().out.splitlines()[1:] == [remark]


def test_running_it_twice_gives_the_same_bytes(tmp_path: Path, shop) -> None:
    one, two = (_prepare(tmp_path / name, shop(400)) for name in ("a", "b"))
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert len(files) == 8
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes()


def test_the_use_case_with_its_labels_lies_beside_every_split_and_the_profile(tmp_path: Path, shop) -> None:
    output = _prepare(tmp_path, shop(400))
    found = {path.read_bytes() for path in output.glob("*/use_case.json")}
    assert len(list(output.glob("*/use_case.json"))) == 4
    (content,) = found
    assert json.loads(content)["classes"] == ["FALSE", "TRUE"]


def test_a_class_with_few_different_rows_is_refused(tmp_path: Path, shop) -> None:
    rows = [[*row[:4], "FALSE"] for row in shop(200)]
    with pytest.raises(DataError, match="must have at least 20 different rows of each value to be split, got 1 of one"):
        _prepare(tmp_path, [*rows, *[["1", "1", "Nov", "TRUE", "TRUE"]] * 50])


@pytest.mark.parametrize("names", [[], ["a.csv", "b.csv"]])
def test_none_or_two_tables_are_refused(tmp_path: Path, names: list[str]) -> None:
    folder = tmp_path / "processing/input/data"
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("x")
    lay_use_case(tmp_path)
    with pytest.raises(DataError, match=r"the input must hold exactly one \.csv file"):
        main([], Paths(tmp_path))
