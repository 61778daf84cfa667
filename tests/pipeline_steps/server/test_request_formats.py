"""A row means the same in every format that a request may have."""

import gzip
import io
import json
from typing import Any

import fastparquet
import numpy as np
import pandas as pd
import pytest

from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.payload import read_payload
from tests.contracts import binary_contract

CSV, JSON, LINES, NPY = "text/csv", "application/json", "application/jsonlines", "application/x-npy"
CONTRACT = binary_contract(
    (
        NumberColumn("visits", 0, 10, missing=False),
        NumberColumn("spend", 0, 10, missing=True),
        CategoryColumn("plan", ("1", "2"), other_code=2, accepts_unknown=False, missing=False),
    ),
    max_payload_rows=4,
)
LISTS = [[3, 1.5, 2], [4, None, "1"]]
OBJECTS = [{"visits": 3, "spend": 1.5, "plan": "2"}, {"plan": 1, "visits": 4.0}]
EXPECTED = np.array([[3, 1.5, 1], [4, np.nan, 0]], dtype=np.float32)


def npy(values: Any, dtype: str = "float64", *, by_column: bool = False) -> bytes:
    file = io.BytesIO()
    np.save(file, np.array(values, dtype=dtype, order="F" if by_column else "C"))
    return file.getvalue()


def npy_header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + (len(text) + 1).to_bytes(2, "little") + text.encode() + b"\n"


def npy_of_shape(shape: str) -> bytes:
    return npy_header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}")


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


ARRAY = [[3, 1.5, 2], [4, np.nan, 1]]
BODIES: dict[str, tuple[bytes, str]] = {
    "instances": (dumped({"instances": OBJECTS}), JSON),
    "inputs": (dumped({"inputs": LISTS}), JSON),
    "records": (dumped({"records": OBJECTS}), JSON),
    "a list of objects": (dumped(OBJECTS), JSON),
    "a list of lists": (dumped(LISTS), JSON),
    "columns and data": (dumped({"columns": ["plan", "visits", "spend"], "data": [[2, 3, 1.5], [1, 4, None]]}), JSON),
    "JSON lines": (b"\n".join(map(dumped, OBJECTS)), LINES),
    "JSON lines of lists": (b"\r\n\r\n".join(map(dumped, LISTS)) + b"\n", f"{LINES}; charset=utf-8"),
    "newline-delimited JSON": (b"\n".join(map(dumped, LISTS)), "application/x-ndjson"),
    "CSV": (b"3,1.5,2\n4,,1\n", CSV),
    "CSV without a header, as it says": (b"3,1.5,2\n4,,1\n", f"{CSV}; header=absent"),
    "CSV with a header": (b"visits,spend,plan\n3,1.5,2\n4,,1\n", CSV),
    "CSV with a header in another order": (b"plan,visits,spend\r\n2,3,1.5\r\n1,4,\r\n", f"{CSV}; header=present"),
    "NumPy": (npy(ARRAY), NPY),
    "NumPy by columns": (npy(ARRAY, "float32", by_column=True), NPY),
    "packed JSON": (gzip.compress(dumped({"instances": OBJECTS}), mtime=0), JSON),
    "packed CSV of two members": (gzip.compress(b"3,1.5,2\n", mtime=0) + gzip.compress(b"4,,1\n", mtime=0), CSV),
    "packed NumPy": (gzip.compress(npy(ARRAY), mtime=0), NPY),
}


def parquet(columns: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    file.close = lambda: None  # type: ignore[method-assign]  # the library closes what it has written
    fastparquet.write("unused", pd.DataFrame(columns), open_with=lambda *_: file, compression="GZIP")
    return file.getvalue()


def test_a_file_of_parquet_is_read_by_names_and_a_damaged_one_is_refused() -> None:
    body = parquet({"plan": ["2", "1"], "visits": [3, 4], "spend": [1.5, None]})
    assert body.startswith(b"PAR1")
    np.testing.assert_array_equal(read_payload(CONTRACT, body, "application/x-parquet"), EXPECTED)
    response = invoke(body[:-9] + b"\xff" * 9, "application/x-parquet")
    assert response.status == 400
    assert json.loads(response.body)["error"].startswith("the body must be a Parquet file: ")


def test_a_small_file_of_parquet_whose_rows_have_a_long_text_is_refused_before_the_server_has_it() -> None:
    text = pd.Categorical(["1" * 1_000_000] * 3)
    response = invoke(parquet({"plan": text, "visits": [3, 4, 5]}), "application/x-parquet")
    assert response.status == 400
    longest = f"at most {CONTRACT.longest_row} characters long"
    assert json.loads(response.body)["error"].startswith(f"the body must be a Parquet file: row 1 must be {longest}")


@pytest.mark.parametrize("name", BODIES)
def test_a_row_means_the_same_in_every_format(name: str) -> None:
    np.testing.assert_array_equal(read_payload(CONTRACT, *BODIES[name]), EXPECTED)


def invoke(body: bytes, content_type: str, **headers: str) -> Response:
    class Scorer:
        def score(self, features: Any) -> Any:
            return features[:, 0] / np.float32(8)

    request = HttpRequest("POST", "/invocations", {"content-type": content_type, **headers}, body)
    return Application(CONTRACT, Scorer()).handle(request)


@pytest.mark.parametrize(
    ("body", "content_type", "status", "reason"),
    [
        (
            b'{"data": [[1, 2, 1]], "columns": ["visits"]}',
            JSON,
            400,
            '"columns", a list of different names, must',
        ),
        (b'{"columns": ["a", "a"], "data": [[1, 2]]}', JSON, 400, '"columns", a list of different names, must'),
        (
            b'{"columns": ["visits", "plan"], "data": [[1]]}',
            JSON,
            400,
            "row 1 must be a list of 2 values, got 1",
        ),
        (
            b'{"columns": ["visits", "plam"], "data": [[1, 2]]}',
            JSON,
            400,
            "row 1: column 'plam' is none of the",
        ),
        (
            b'{"inputs": [[1, 2, 1]], "instances": [[1, 2, 1]]}',
            JSON,
            400,
            "the body must name its rows once, got",
        ),
        (b'{"inputs": {"visits": [1, 2]}}', JSON, 400, 'the body must be {"instances": [row'),
        (b"[1, 2, 1]\n{", LINES, 400, "row 2 must be a line of JSON: Expecting property name"),
        (b"[NaN, 2, 1]", LINES, 400, "row 1 must be a line of JSON: NaN is no JSON, a missing value is null"),
        (b"7\n", LINES, 400, "row 1: it must be an object or a list, got 7"),
        (b"\xff", LINES, 400, "the body must be UTF-8 text"),
        (b"\n\n", LINES, 400, "the body must hold at least one row, got none"),
        (b"visits,spend,plan,churned\n1,2,1,no\n", CSV, 400, "row 1: column 'churned' is none of the model's"),
        (b"visits,spend,spend\n1,2,1\n", CSV, 400, "the header must name each column once, got 'spend' twice"),
        (b"visits,plan\n1,2\n1\n", CSV, 400, "row 2 must have 2 cells as its header, got 1"),
        (b"spend,plan\n1,2\n", CSV, 400, "row 1: column visits is absent"),
        (b"visits,spend,plan\n", CSV, 400, "the body must hold at least one row, got none"),
        (b"1,2,3\n", f"{CSV}; header=present", 400, "the body must hold at least one row, got none"),
        (b"visits,spend,plan\n", f"{CSV}; header=absent", 400, "row 1: column visits must be a number, got 'visits'"),
        (b"1,2,1\n", f"{CSV}; header=maybe", 415, "header must be present or absent, got"),
        (b"no array", NPY, 400, "the body must be an array in NumPy's file format"),
        (npy([[3, 1.5]]), NPY, 400, "row 1: it must have 3 columns, got 2"),
        (npy([[[1]]]), NPY, 400, "the body must be an array of rows and columns, got 3 dimensions"),
        (npy([["a"]], "object"), NPY, 400, "the body must be an array of numbers or booleans, got object"),
        (npy([[np.inf, 1, 1]]), NPY, 400, "row 1: column visits must be a number, got inf"),
        (npy(ARRAY)[:-1], NPY, 400, "the body must hold the 6 values of its shape, got 47 bytes"),
        (
            npy(np.ones((1, 3)), "longdouble"),
            NPY,
            400,
            "the body must be an array of numbers or booleans, got f",
        ),
        (npy_header("(" * 500), NPY, 400, "the body must be an array in NumPy's file format: "),
        (npy_of_shape("(True, 3)") + bytes(24), NPY, 400, "the body must hold the 3 values of its shape, got 24 bytes"),
        (npy_of_shape(f"(0, {1 << 70})"), NPY, 400, "the body must hold the 0 values of its shape, got 0 bytes"),
        (npy_of_shape(f"({'1, ' * 70})") + bytes(8), NPY, 400, "the body must be an array of rows and columns, got 70"),
        (b"[[" + b"1" * 5000 + b", 2, 1]]", JSON, 400, "the body must be JSON: a number has too many digits"),
        (b"[" * 100_000, JSON, 400, "the body must be JSON: it has lists or objects too deep within others"),
        (npy(np.ones((5, 3))), NPY, 413, "a request must hold at most 4 rows, got 5 or more"),
        (gzip.compress(b"1,2,1\n", mtime=0)[:-4], CSV, 400, "the body begins as gzip does, and must be whole: it ends"),
        (gzip.compress(b"", mtime=0) * 5000, CSV, 400, "the body begins as gzip does, and must be whole: it must have"),
        (b"\x1f\x8bnone", CSV, 400, "the body begins as gzip does, and must be whole: "),
        (
            gzip.compress(b"0" * 10_000_000, mtime=0),
            CSV,
            413,
            f"the body must be at most {CONTRACT.max_payload_bytes} bytes",
        ),
    ],
)
def test_what_no_format_reads_is_refused_with_the_reason(
    body: bytes, content_type: str, status: int, reason: str
) -> None:
    response = invoke(body, content_type)
    assert response.status == status
    assert json.loads(response.body)["error"].startswith(reason)
