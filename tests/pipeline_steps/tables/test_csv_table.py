import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.errors import DataError
from pipeline_steps.tables.cells import LARGEST_NUMBER, category, number_text, parse_number, parse_numbers, quoted
from pipeline_steps.tables.csv_table import read_table, write_table
from pipeline_steps.tables.use_case import Column

COLUMNS = (Column("size", "number"), Column("flag", "category"))


def _read(tmp_path: Path, text: str, columns: tuple[Column, ...] = COLUMNS) -> pd.DataFrame:
    path = tmp_path / "table.csv"
    path.write_bytes(text.encode())
    return read_table(path, columns)


@given(st.floats(min_value=-LARGEST_NUMBER, max_value=LARGEST_NUMBER))
def test_a_number_survives_its_text(value: float) -> None:
    assert parse_number(number_text(value)) == value


@pytest.mark.parametrize("text", ["", "NA", "NaN", "nan", "N/A", "NULL", "null"])
def test_a_missing_number_is_nan_and_written_as_an_empty_cell(text: str) -> None:
    assert number_text(parse_number(text)) == ""


@pytest.mark.parametrize("text", ["x", "1_000", "inf", "-Infinity", "1e39", "1,5", "TRUE", " "])
def test_a_number_too_large_for_float32_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (a plain ValueError is what callers expect)
        parse_number(text)


def test_many_numbers_are_read_as_each_alone_is() -> None:
    texts = ["1", " 2.5 ", "-3e2", "NA", "", "NAN", "x", "1_000", "inf", "1e39", "٣"]
    for block in (texts, [text for text in texts if text != "x"], texts[:5], []):
        assert repr(parse_numbers(block).tolist()) == repr([_alone(text) for text in block])


def _alone(text: str) -> float:
    try:
        return parse_number(text)
    except ValueError:
        return math.inf


def test_whole_numbers_are_written_without_a_point() -> None:
    assert [number_text(value) for value in (3.0, -0.5, 1e20)] == ["3", "-0.5", "1e+20"]


def test_long_values_are_cut_in_messages() -> None:
    assert len(quoted("x" * 1000)) == 60


def test_categories_are_kept_exactly_as_in_the_file(tmp_path: Path) -> None:
    table = _read(tmp_path, "size,flag\n1,TRUE\n2,true\n3,01\n4,NA\n5,\n6, a\n7,1.5\n8,v1.0\n")
    assert table["flag"].tolist() == ["TRUE", "true", "01", "NA", "", " a", "1.5", "v1.0"]


def test_a_whole_number_is_one_category_however_it_is_written(tmp_path: Path) -> None:
    table = _read(tmp_path, "size,flag\n1,2\n2,2.0\n3,-2.00\n4,0.0\n5,-0.0\n6,-0\n")
    assert table["flag"].tolist() == ["2", "2", "-2", "0", "0", "0"]


def test_a_cell_means_the_same_wherever_in_a_large_file_it_stands(tmp_path: Path) -> None:
    before = "abcdefg,1\n" * 26_213
    for pad in (0, 5):
        table = _read(tmp_path, "flag,size\n" + before + "x" * pad + ",1\n" + ' a,1\n\tb,2\n"c\r",3\n' * 9)
        assert table["flag"].tolist()[-27:] == [" a", "\tb", "c\r"] * 9


def test_numbers_are_floats_and_missing_ones_nan(tmp_path: Path) -> None:
    sizes = _read(tmp_path, "size,flag\n1,a\n,b\nNA,c\n2.5,d\n")["size"]
    assert sizes.dtype == np.float64
    assert [str(size) for size in sizes] == ["1.0", "nan", "nan", "2.5"]


def test_byte_order_mark_quotes_windows_line_ends_and_blank_lines_are_read(tmp_path: Path) -> None:
    table = _read(tmp_path, '\ufeffflag,more,size\r\n"a, ""b""",x,1\r\n\r\n"two\nlines",y,2\r\n\r\n')
    assert table["flag"].tolist() == ['a, "b"', "two\nlines"]
    assert list(table.columns) == ["size", "flag"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "data must start with a header row, got an empty file or line in"),
        ("\nsize,flag\n1,a\n", "data must start with a header row, got an empty file or line in"),
        ("size,flag\n", "data must have at least one row below the header"),
        ("flag\na\n", "columns absent from"),
        ("size,size,flag\n1,1,a\n", "a column name must occur once in the header, got twice: size in "),
        ("size,flag\n1,a\n2\n", "row 2 must have 2 cells like the header, got 1"),
        ("size,flag\n1,a\n\n2,b,c\n", "row 2 must have 2 cells like the header, got 3"),
        ("size,flag\n1,a,x\n2,b,y\n", "row 1 must have 2 cells like the header, got 3"),
        ("size,flag\n1\n2\n", "row 1 must have 2 cells like the header, got 1"),
        ("size,flag\n1,a,\n2,b,\n", "row 1 must have 2 cells like the header, got 3"),
        ("size,flag\n1,a\nbig,b\n3,c\nhuge,d\n", "column size must hold numbers, got 'big' in row 2 (2 such cells)"),
        ('size,flag\n1,"a"b\n', "data must be text in utf-8-sig separated by ',', got row 1 of "),
        ('size,flag\n1,b\n\n2,"a\n', "data must be text in utf-8-sig separated by ',', got row 2 of "),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path, text)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("si\u200bze", "'size' (it has 'si\\u200bze', which differs in blanks or invisible characters"),
        ("Size", "'size' (it has 'Size', which differs in upper and lower case: write both alike)"),
    ],
)
def test_how_a_name_differs_from_the_one_that_was_meant_can_be_seen(tmp_path: Path, header: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path, f"flag,{header}\na,1\n")
    assert f": {reason}" in str(caught.value)


def test_blanks_around_a_name_and_its_unicode_normal_form_do_not_matter(tmp_path: Path) -> None:
    table = _read(tmp_path, "Gro\u0308\xdfe, size ,\n1,2,3\n", (Column("Gr\xf6\xdfe", "number"), COLUMNS[0]))
    assert table.to_dict("list") == {"Gr\xf6\xdfe": [1], "size": [2]}


def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes("size,flag\n1,é\n".encode("latin-1"))
    with pytest.raises(DataError, match="data must be text in utf-8-sig"):
        read_table(tmp_path / "table.csv", COLUMNS)


@pytest.mark.parametrize("path", ["absent.csv", "."])
def test_a_file_that_is_none_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(DataError, match="data must be a readable file"):
        read_table(tmp_path / path, COLUMNS)


def test_problems_of_many_columns_are_reported_together_but_not_all(tmp_path: Path) -> None:
    columns = tuple(Column(f"c{number}", "number") for number in range(8))
    text = ",".join(column.name for column in columns) + "\n" + ",".join("x" * 8) + "\n"
    with pytest.raises(DataError) as caught:
        _read(tmp_path, text, columns)
    lines = str(caught.value).splitlines()
    assert [line.split()[1] for line in lines[:5]] == ["c0", "c1", "c2", "c3", "c4"]
    assert lines[5:] == ["and 3 more problems"]


@given(
    sizes=st.lists(st.one_of(st.just(math.nan), st.floats(min_value=-1e38, max_value=1e38)), min_size=1, max_size=20),
    data=st.data(),
)
def test_a_table_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[float], data: st.DataObject
) -> None:
    text = st.text(st.characters(codec="utf-8"), max_size=8).map(category)
    flags = np.array(data.draw(st.lists(text, min_size=len(sizes), max_size=len(sizes))), dtype=object)
    table = pd.DataFrame({"size": np.array(sizes), "flag": flags})
    path = tmp_path_factory.mktemp("round") / "table.csv"
    write_table(path, table)
    again = read_table(path, COLUMNS)
    np.testing.assert_array_equal(again["size"], table["size"])
    assert again["flag"].tolist() == flags.tolist()


def test_a_table_larger_than_any_buffer_is_read_whole(tmp_path: Path) -> None:
    lines = [f"{number},c{number}" for number in range(60_000)]
    table = _read(tmp_path, "size,flag\n" + "\n".join(lines) + "\n")
    assert table["size"].tolist() == list(range(60_000))
    with pytest.raises(DataError, match="in row 60001 "):
        _read(tmp_path, "size,flag\n" + "\n".join([*lines, "x,y"]) + "\n")
