"""A body is read row by row: what it may contain, and what it may cost."""

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.server.bodies import UnreadableBodyError
from pipeline_steps.server.csv_bodies import csv_records
from pipeline_steps.server.json_bodies import json_instances

LONGEST = 200
MEGABYTE = 1 << 20

values = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5)
)
rows = st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=3), values, max_size=4)
others = st.dictionaries(st.text(max_size=3), values | rows, max_size=3)


windows = pytest.mark.parametrize("window", [1, 7, 64 * 1024])  # however much is decoded at once


@windows
def test_json_is_read_as_the_standard_librarys_parser_reads_it(window: int) -> None:
    @given(st.lists(rows, min_size=1, max_size=5), others, others, st.sampled_from([None, 2]), st.booleans())
    def check(instances: list[Any], before: Any, after: Any, indent: int | None, ascii_only: bool) -> None:
        document = {**before, "instances": instances, **{key: after[key] for key in after if key not in before}}
        body = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
        assert list(json_instances(body, 1000, window=window)) == json.loads(body)["instances"]

    check()


@windows
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_is_read_with_quotes_line_ends_and_blank_lines(end: str, window: int) -> None:
    text = end.join(['1,"a ""b"", c",é', f'"two{end}lines",😀,', "", "x", "", ""])
    expected = [["1", 'a "b", c', "é"], [f"two{end}lines", "😀", ""], [], ["x"]]
    assert list(csv_records(b"\xef\xbb\xbf" + text.encode(), LONGEST, window=window)) == expected


@windows
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body must be JSON: Expecting value at character 0"),
        ('{"instances": [[1], [2}', "the body must be JSON: Expecting ',' delimiter at character 22"),
        ('{"instances": [[1] [2]]}', "the body must be JSON: Expecting ',' or ']' at character 19"),
        ('{"instances": [[1]]} x', "the body must be JSON: Extra data at character 21"),
        ('{"instances": [[1]]', "the body must be JSON: Expecting ',' or '}' at character 19"),
        ('{"instances": [["a]]}', "the body must be JSON: Unterminated string starting at character 16"),
        ('{"x": 1}', 'the body must be {"instances": [row, …]} with at least one row'),
        ('{"instances": [[1]], "instances": [[2]]}', "the body must name its rows once, got instances and instances"),
        ('{"instances": [[1]], "inst\\u0061nces": [[2]]}', "the body must name its rows once, got instances and inst"),
        ("{" + '"x": 1, ' * 17 + '"instances": [[1]]}', "the body must have at most 16 members beside its rows"),
        ('{"instances": [[1], ["' + "a" * LONGEST + '"]]}', f"row 2 must be at most {LONGEST} characters long"),
        ('{"x": "' + "a" * 9 * LONGEST + '", "instances": [[1]]}', f"member 'x' must be at most {LONGEST} characters"),
        ('{"instances": [[1]], "x": "' + "a" * 9 * LONGEST + '"}', f"member 'x' must be at most {LONGEST} characters"),
        ('{"' + "a" * 9 * LONGEST + '": 1}', f"the name of a member must be at most {LONGEST} characters long: leave"),
        ('{"instances": "' + "a" * 9 * LONGEST + '"}', 'the body must be {"instances": [row, …]}'),
        ('["' + "a" * 9 * LONGEST + '"]', f"row 1 must be at most {LONGEST} characters long"),
        ('"' + "a" * 9 * LONGEST + '"', 'the body must be {"instances": [row, …]}'),
        ('{"instances": [[1], ["' + "a" * 9 * LONGEST + '"]]}', f"row 2 must be at most {LONGEST} characters long"),
    ],
)
def test_json_without_rows_is_refused_with_the_place(body: str, reason: str, window: int) -> None:
    with pytest.raises(UnreadableBodyError) as refused:
        list(json_instances(body.encode(), LONGEST, window=window))
    assert str(refused.value).startswith(reason)


@windows
def test_a_csv_row_is_refused_by_its_length_over_all_its_lines(window: int) -> None:
    body = b"1,2\n" + b'"' + b"12345678\n" * (LONGEST // 9 + 1) + b'"'
    with pytest.raises(UnreadableBodyError, match=f"row 2 must be at most {LONGEST} characters long"):
        list(csv_records(body, LONGEST, window=window))


FLOODS = {
    "empty lists": ('{"instances":[[', "[],", "[]]]}"),
    "deep": ('{"instances":', "[", ""),
    "digits": ('{"instances":[[', "9", "]]}"),
    "a string": ('{"instances":[["😀', "a", '"]]}'),
    "another member": ('{"x":[', "[],", '[]],"instances":[[1]]}'),
    "blanks": ("{", " ", '"instances":[[1]]}'),
    "one row of many names": ('{"instances":[{', '"a":1,', '"b":1}]}'),
}
CSV_FLOODS = {
    "cells": ("", ",", ""),
    "quotes": ('"', '""', '"'),
    "lines": ('"', "\n", '"'),
    "one cell": ("😀", "a", ""),
}


@pytest.mark.parametrize("name", [*FLOODS, *CSV_FLOODS])
def test_no_body_takes_more_than_itself_and_some_windows(name: str) -> None:
    read, (start, unit, end) = (json_instances, FLOODS[name]) if name in FLOODS else (csv_records, CSV_FLOODS[name])
    body = (start + unit * (4 * MEGABYTE // len(unit)) + end).encode()
    tracemalloc.start()
    try:
        for _ in read(body, 2000):
            pass
    except UnreadableBodyError:
        pass
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 5 * MEGABYTE
