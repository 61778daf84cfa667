import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from xgboost import DMatrix, config_context

from pipeline_steps.documents import sha256_of
from pipeline_steps.errors import DataError
from pipeline_steps.paths import Paths
from pipeline_steps.prepare import main
from pipeline_steps.tables.use_case import TableFormat, UseCase
from tests.pipeline_steps.shop import HEADER, USE_CASE, lay_use_case, write_rows


def _prepare(base: Path, rows: list[list[str]], use_case: UseCase = USE_CASE, *, argv: Sequence[str] = ()) -> Path:
    write_rows(base / "processing/input/data/table.csv", rows)
    lay_use_case(base, use_case)
    main(argv, Paths(base))
    return base / "processing/output"


def _rows(output: Path, split: str) -> list[tuple[str, ...]]:
    with (output / split / "data.csv").open(newline="") as file:
        return [tuple(row) for row in csv.reader(file)]


def _all_rows(output: Path) -> Counter[tuple[str, ...]]:
    return Counter(row for split in ("train", "validation", "test") for row in _rows(output, split)[1:])


def test_equal_rows_are_kept_and_lie_in_one_split(tmp_path: Path, shop) -> None:
    rows = shop(400)
    output = _prepare(tmp_path, [*rows, *rows[:50]])
    assert _all_rows(output).total() == 450
    features = [{row[:4] for row in _rows(output, split)[1:]} for split in ("train", "validation", "test")]
    assert len(set.union(*features)) == sum(map(len, features))


def test_few_distinct_rows_keep_their_base_rate(tmp_path: Path) -> None:
    draw = Random(0)  # noqa: S311 (made-up data)
    rows = [[str(n % 30), "1", str(n % 13), "TRUE", str(draw.random() < 1 / 16).upper()] for n in range(4000)]
    output = _prepare(tmp_path, rows)
    rates = json.loads((output / "profile/profile.json").read_text())["positive_rate"]
    assert _all_rows(output).total() == 4000
    assert rates == {split: pytest.approx(1 / 16, abs=0.05) for split in ("train", "validation", "test")}


def test_equal_rows_are_dropped_where_the_settings_say_so(tmp_path: Path, shop) -> None:
    rows = shop(400)
    dropping = replace(USE_CASE, table_format=TableFormat(drop_duplicates=True))
    output = _prepare(tmp_path, [*rows, *rows[:50]], dropping)
    assert set(_all_rows(output).values()) == {1}
    counts = json.loads((output / "profile/profile.json").read_text())["rows"]
    assert counts["dropped"] == counts["duplicates"] >= 50


def test_the_profile_has_rows_hashes_and_shares(tmp_path: Path, shop) -> None:
    rows = shop(400)
    rows[7][4] = ""
    output = _prepare(tmp_path, [*rows, *rows[:50]])
    profile = json.loads((output / "profile/profile.json").read_text())
    counts = profile["rows"]
    assert counts["source"] == 450
    assert counts["missing_target"] == 2
    assert counts["kept"] == counts["train"] + counts["validation"] + counts["test"]
    assert counts["kept"] + counts["missing_target"] == counts["source"]
    assert counts["duplicates"] >= 49
    for split in ("train", "validation", "test"):
        assert profile["sha256"][split] == sha256_of(output / split / "data.csv")
        assert profile["positive_rate"][split] == pytest.approx(profile["positive_rate"]["train"], abs=0.15)
        assert profile["labels"][split]["TRUE"] == sum(row[4] == "1" for row in _rows(output, split))
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
    profile = json.loads((output / "profile/profile.json").read_text())
    assert remark in profile["remarks"]
    assert {"check": "no_information", "column": "spend", "message": remark} in profile["findings"]
    assert capsys.readouterr().out.splitlines()[1:] == profile["remarks"]


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


def test_a_label_that_a_split_lacks_is_refused(tmp_path: Path, shop) -> None:
    rows = [[*row[:4], "FALSE"] for row in shop(200)]
    with pytest.raises(DataError, match=r"must have rows of both labels in the \w+ split, got none of 'TRUE'"):
        _prepare(tmp_path, [*rows, *[["1", "1", "Nov", "TRUE", "TRUE"]] * 50])


def test_all_files_of_the_input_are_one_table_in_the_order_of_their_names(tmp_path: Path, shop) -> None:
    rows, folder = shop(400), tmp_path / "processing/input/data"
    write_rows(folder / "2.csv", rows[200:])
    write_rows(folder / "1.csv", [[*row[::-1]] for row in rows[:200]], header=HEADER[::-1])
    (folder / "_SUCCESS").touch()
    lay_use_case(tmp_path)
    main([], Paths(tmp_path))
    assert _all_rows(tmp_path / "processing/output") == _all_rows(_prepare(tmp_path / "one", rows))


def test_an_input_without_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "processing/input/data").mkdir(parents=True)
    lay_use_case(tmp_path)
    with pytest.raises(DataError, match="the input must hold a table, got no file in"):
        main([], Paths(tmp_path))


def test_xgboost_reads_the_splits_of_its_image_as_they_are_empty_cells_as_missing(tmp_path: Path, shop) -> None:
    numbers = replace(USE_CASE, columns=USE_CASE.columns[:2], ignore=("month", "returning"))
    output = _prepare(tmp_path, shop(200), numbers, argv=["--target-first"])
    assert not (output / "test_target_first").exists()
    for split in ("train", "validation"):
        (file,) = (output / f"{split}_target_first").iterdir()
        with config_context(verbosity=0):  # reading text files is no new feature
            read = DMatrix(f"{file}?format=csv&label_column=0")
        visits, spend, bought = zip(*_rows(output, split)[1:], strict=True)
        assert read.get_label().tolist() == [float(cell) for cell in bought]
        assert read.num_nonmissing() == len(visits) + sum(cell != "" for cell in spend)
        known = next(place for place, cell in enumerate(spend) if cell)
        found = read.get_data()[known].toarray()[0]
        assert found == pytest.approx([float(visits[known]), float(spend[known])], rel=1e-6)
