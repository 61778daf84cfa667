"""The smoke test and the replay find the number of an answer in the same place."""

import pytest

from pipeline_steps.gates.own_output import OwnOutput
from slipway.rollout.own_server import OwnServer

OF_CSV = [b"0.5", b"0.5,1\n2,3\n", b'"a,b",0.25', b"", b"yes", b"nan", b"\xff"]
OF_JSON = [b'{"a": 1}', b'{"a": [1, "2.5"]}', b"[[1], [2]]", b'{"a": {"b": 3}}', b'{"a": true}', b'{"a": null}']
ODD = [b'{"a/b": {"~": 3}}', b'{"a": []}', b"{", b'{"a": "x"}', b"7"]
COLUMNS = [(None, 0), (None, 1)]
POINTERS = [("", None), ("/a", None), ("/a/b", None), ("/a/0", None), ("/0", None), ("/a~1b/~0", None)]


@pytest.mark.parametrize(("pointer", "column"), [*COLUMNS, *POINTERS])
def test_both_read_the_same_numbers_or_none(pointer: str | None, column: int | None) -> None:
    server = OwnServer("text/csv", "", OwnOutput(pointer, column).accept, pointer, column)
    for body in (*OF_CSV, *OF_JSON, *ODD):
        try:
            expected = server.numbers(body)
        except ValueError:
            expected = []
        assert OwnOutput(pointer, column).numbers(body) == expected, body
