import datetime as dt
import json
import struct
from collections.abc import Callable
from pathlib import Path

import fastparquet
import numpy as np
import pandas as pd
import pytest
from fastparquet import parquet_thrift

from pipeline_steps.errors import DataError
from pipeline_steps.tables.parquet import parquet_blocks
from pipeline_steps.tables.rehearsed_rows import EarlierRows, write_earlier
from pipeline_steps.tables.source_table import SourceTable, header_of, read_source
from pipeline_steps.tables.use_case import Column, TableFormat

KINDS = {
    "size": "number",
    "count": "number",
    "plan": "category",
    "region": "category",
    "member": "boolean",
    "joined": "datetime",
}
COLUMNS = tuple(Column(name, kind) for name, kind in KINDS.items())  # type: ignore[arg-type]  # kinds


def _write(path: Path) -> Path:
    table = pd.DataFrame(
        {
            "size": [1.5, np.nan, -2.0],
            "count": pd.array([3, None, 2**40], dtype="Int64"),
            "plan": ["é", None, "b"],
            "region": pd.array([1, 2, None], dtype="Int64"),
            "member": pd.array([True, None, False], dtype="boolean"),
            "joined": pd.to_datetime([dt.datetime(2026, 3, 1, 6), None, dt.datetime(2026, 3, 2)]),  # noqa: DTZ001
        }
    )
    fastparquet.write(str(path), table.astype({"plan": object}), compression="SNAPPY", row_group_offsets=[0, 2])
    return path


def _read(path: Path) -> SourceTable:
    return read_source([path], COLUMNS, TableFormat(decimal=","))


@pytest.mark.parametrize(("unit", "times"), [("s", "int64"), ("us", "int96")])
def test_times_that_were_written_in_another_unit_than_the_file_says_are_refused(
    tmp_path: Path, unit: str, times: str
) -> None:
    path, moments = tmp_path / "table.parquet", pd.Series(pd.to_datetime([dt.datetime(2026, 3, 1, 6)]))  # noqa: DTZ001
    fastparquet.write(str(path), pd.DataFrame({"joined": moments.astype(np.dtype(f"datetime64[{unit}]"))}), times=times)
    with pytest.raises(DataError, match=r"column joined must hold its times in the unit .* \.astype\(\"datetime64\[ns"):
        list(parquet_blocks(path.read_bytes(), path))
    fastparquet.write(str(path), pd.DataFrame({"joined": moments.astype("datetime64[ns]")}), times=times)
    assert list(parquet_blocks(path.read_bytes(), path))[1] == [["2026-03-01T06:00:00"]]


def test_a_parquet_file_is_read_as_the_same_table_in_csv_is(tmp_path: Path) -> None:
    found = _read(_write(tmp_path / "table.parquet"))
    size, count, plan, region, member, joined = found.cells
    np.testing.assert_array_equal(size, [1.5, np.nan, -2])
    np.testing.assert_array_equal(count, [3, np.nan, 2**40])
    assert plan.tolist() == ["é", "", "b"]
    assert region.tolist() == ["1", "2", ""]
    assert member.tolist() == ["true", "", "false"]
    np.testing.assert_array_equal(joined, [9556.25, np.nan, 9557])
    assert list(found.header) == header_of([tmp_path / "table.parquet"]) == list(KINDS)


def test_its_earlier_rows_are_a_parquet_file_too(tmp_path: Path) -> None:
    source = _write(tmp_path / "table.parquet")
    write_earlier([source], tmp_path / "earlier", EarlierRows(2, 2), TableFormat())
    whole, earlier = _read(source), _read(tmp_path / "earlier/table.parquet")
    for one, other in zip(whole.cells, earlier.cells, strict=True):
        np.testing.assert_array_equal(one[:2], other)


def test_dates_are_dates_whatever_pandas_noted_of_them(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    fastparquet.write(str(path), pd.DataFrame({"joined": np.array([9556, 9557], dtype=np.int32)}))
    described = fastparquet.ParquetFile(str(path)).fmd
    described.schema[1].converted_type = parquet_thrift.ConvertedType.DATE
    noted = {"name": "joined", "field_name": "joined", "pandas_type": "date", "numpy_type": "object", "metadata": None}
    value = json.dumps({"columns": [noted], "index_columns": [], "column_indexes": []}).encode()
    described.key_value_metadata = [parquet_thrift.KeyValue(key=b"pandas", value=value)]
    content, footer = path.read_bytes(), bytes(described.to_bytes())
    rows = content[: -8 - struct.unpack("<I", content[-8:-4])[0]]
    path.write_bytes(rows + footer + struct.pack("<I", len(footer)) + b"PAR1")
    assert list(parquet_blocks(path.read_bytes(), path)) == [["joined"], [["1996-03-01", "1996-03-02"]]]


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda content: content[:-5], "is cut off: copy or write it again"),
        (lambda content: content[:4] + bytes(40) + content[44:], "is damaged"),
        (lambda content: content[:4] + b"PAR1", "is cut off"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, damage: Callable[[bytes], bytes], what: str) -> None:
    path = _write(tmp_path / "table.parquet")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"^data must be .* Parquet files, got {path}.* which {what}[^\n]*$"):
        _read(path)
