"""Files as users have them: every way of writing one table gives the same table."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from pipeline_steps.errors import DataError
from pipeline_steps.tables.source_table import SourceTable, header_of, read_source
from pipeline_steps.tables.use_case import Column, TableFormat

COLUMNS = (
    Column("Größe", "number"),
    Column("plan", "category"),
    Column("member", "boolean"),
    Column("joined", "datetime"),
)
PLAIN = TableFormat()
TEXT = "Größe,plan,member,joined\n1.5,é,True,2026-03-01\n,b,no,\n-2,,,2026-03-02\n"
GERMAN = TEXT.replace(",", ";").replace("1.5", "1,5")


def _read(folder: Path, content: bytes, given: TableFormat = PLAIN, name: str = "table.csv") -> SourceTable:
    (folder / name).write_bytes(content)
    return read_source([folder / name], COLUMNS, given)


def _check(found: SourceTable) -> None:
    size, plan, member, joined = found.cells
    np.testing.assert_array_equal(size, [1.5, np.nan, -2])
    assert plan.tolist() == ["é", "b", ""]
    assert member.tolist() == ["true", "false", ""]
    np.testing.assert_array_equal(joined, [9556, np.nan, 9557])


@pytest.mark.parametrize(
    ("content", "given"),
    [
        (TEXT.encode(), PLAIN),
        (TEXT.encode("utf-8-sig"), PLAIN),
        (TEXT.encode("utf-16"), PLAIN),
        (TEXT.encode("utf-16-le"), PLAIN),
        (TEXT.encode("utf-32"), PLAIN),
        (("\ufeff" + TEXT).encode("utf-32-be"), PLAIN),
        (TEXT.encode("utf-32-le"), PLAIN),
        (TEXT.encode("utf-32-be"), PLAIN),
        (gzip.compress(GERMAN.encode("utf-32"), mtime=0), PLAIN),
        (TEXT.encode("cp1252"), PLAIN),
        (TEXT.replace("\n", "\r\n").encode(), PLAIN),
        (TEXT.replace(",", "\t").encode(), PLAIN),
        (TEXT.replace(",", "|").encode(), PLAIN),
        (GERMAN.encode(), PLAIN),
        (GERMAN.replace("2026-03-01", "1.3.2026").replace("2026-03-02", "02.03.2026").encode(), PLAIN),
        (gzip.compress(TEXT.encode(), mtime=0), PLAIN),
        (gzip.compress(GERMAN.encode("utf-16"), mtime=0), PLAIN),
        (TEXT.encode("utf-8").replace("ö".encode(), "o\u0308".encode()), PLAIN),
        (TEXT.replace("Größe,plan", " Größe , plan").encode(), PLAIN),
        (TEXT.replace("\n,", "\n?,").encode(), PLAIN),
        (TEXT.replace(",", ":").replace("1.5", "1,5").encode("latin-1"), TableFormat(":", "latin-1", ",")),
        (TEXT.replace("\n,b", "\n-1,b").replace(",,", ",none,").encode(), TableFormat(missing=("-1", "none"))),
        (
            TEXT.replace("2026-03-01", "2026/60").replace("2026-03-02", "2026/61").encode(),
            TableFormat(datetime="%Y/%j"),
        ),
    ],
)
def test_a_table_is_read_however_it_is_written(tmp_path: Path, content: bytes, given: TableFormat) -> None:
    _check(_read(tmp_path, content, given))


def test_what_was_detected_is_reported(tmp_path: Path) -> None:
    content = GERMAN.replace("2026-03-01", "5.3.2026").replace("2026-03-02", "6.3.2026").replace("\n;b", "\n?;b")
    found = _read(tmp_path, content.encode("cp1252")).found
    assert {key: found[key] for key in ("encoding", "delimiter", "decimal")} == {
        "encoding": "cp1252",
        "delimiter": ";",
        "decimal": ",",
    }
    assert found["columns"] == {"Größe": {"missing": ["?"]}, "joined": {"format": "%d.%m.%Y"}}


def test_a_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    lines = TEXT.splitlines()
    numbered = "\n".join([f",{lines[0]}", *(f"{number},{line}" for number, line in enumerate(lines[1:]))])
    _check(_read(tmp_path, numbered.encode()))


def test_several_files_are_one_table_whatever_the_order_of_their_columns(tmp_path: Path) -> None:
    header, first, *others = TEXT.splitlines()
    (tmp_path / "1.csv").write_text(f"{header}\n{first}\n", encoding="utf-8")
    turned = "\n".join(";".join(line.split(",")[::-1]) for line in (header, *others))
    (tmp_path / "2.csv").write_text(turned, encoding="utf-16")
    _check(read_source([tmp_path / "1.csv", tmp_path / "2.csv"], COLUMNS, PLAIN))


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text(TEXT, encoding="utf-8")
    (tmp_path / "2.csv").write_text(TEXT.replace("plan", "tariff"), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_source([tmp_path / "1.csv", tmp_path / "2.csv"], COLUMNS[:1], PLAIN)
    reason = f"all files must have the same columns, {tmp_path / '2.csv'} lacks plan and has tariff besides"
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (TEXT.encode() + b"1,\xe9,no,\n", "data must be UTF-8 throughout, as it begins, got "),
        (GERMAN.replace("-2", "2.5").encode(), "column Größe must hold numbers"),
        (
            TEXT.replace("True", "maybe").encode(),
            "column member must hold true or false (also yes and no, 1 and 0), got",
        ),
        (TEXT.replace("-03-02", "-13-02").encode(), "column joined must hold dates or times as iso, got '2026-13-02'"),
        (
            TEXT.replace("\n,b", "\n?,b").replace("-2", "two").encode(),
            "column Größe must hold numbers, got '?' in row 2",
        ),
        (
            TEXT.replace("-2", "2 EUR").encode(),
            "column Größe must hold numbers, got '2 EUR' in row 3 (1 such cell); write digits and '.' alone",
        ),
        (
            TEXT.replace("-2", "1e40").encode(),
            "column Größe must hold numbers, got '1e40' in row 3 (1 such cell); a model takes numbers from -3.4e+38 to",
        ),
    ],
)
def test_cells_that_have_no_value_are_named(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        _read(tmp_path, content)
    assert str(caught.value).startswith(reason)


def test_a_decimal_comma_that_was_not_detected_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r'with decimal commas, set \[data.format\] decimal = ","$'):
        _read(tmp_path, TEXT.replace("1.5", '"1,5"').encode())


def test_a_name_twice_is_refused_where_all_columns_are_wanted(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b,a\n1,2,3\n")
    with pytest.raises(DataError, match="a column name must occur once in the header, got twice: a in"):
        header_of([tmp_path / "table.csv"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff\xfe\x00\x81\x8d", "data must be text in UTF-8, UTF-16, UTF-32, .* got .*, which is not utf-16"),
        (gzip.compress(TEXT.encode() * 99, mtime=0)[:-30], "data must be a readable file, got .*ended before"),
        (b"a,b\n1,\x00\n2,\x00\n10,\x00\n", "data must be text in UTF-8, .* with 3 zero bytes"),
        (b"a,b\n" + b"1,22\n" * 999 + b"3,\x00\n", "data must be text in UTF-8, .* with 1 zero byte"),
        (b"PK\x03\x04workbook", "got a workbook or zip file .*: save its table as CSV"),
    ],
)
def test_a_file_that_holds_no_text_is_named_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        header_of([tmp_path / "table.csv"])
