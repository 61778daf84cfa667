"""What a server of the user's own is sent, and the number that is found in its answers."""

import json

import pytest

from slipway.rollout.own_server import CSV, JSON, OwnServer

KINDS = {"pages": "number", "month": "category", "weekend": "boolean"}


def lines(column: int = 0) -> OwnServer:
    return OwnServer(CSV, "", CSV, column=column)


def documents(pointer: str = "", template: str = "$row") -> OwnServer:
    return OwnServer(JSON, template, JSON, pointer=pointer)


def test_a_row_is_a_line_of_csv_in_the_columns_order() -> None:
    assert lines().body(KINDS, ["1.5", "Nov, late", "true"]) == b'1.5,"Nov, late",true\r\n'


def test_a_row_of_json_has_numbers_texts_and_truth_values_and_null_for_what_is_missing() -> None:
    template = '{"rows": [$row], "list": $values}'
    sent = json.loads(documents(template=template).body(KINDS, [" 1.50", 'say "hi"', "TRUE"]))
    assert sent == {"rows": [{"pages": 1.5, "month": 'say "hi"', "weekend": True}], "list": [1.5, 'say "hi"', True]}
    assert json.loads(documents().body(KINDS, ["", "", ""])) == dict.fromkeys(KINDS)


@pytest.mark.parametrize(
    ("server", "body", "numbers"),
    [
        (lines(), b"0.25\n0.5\n", [0.25, 0.5]),
        (lines(column=1), b'"yes, it is",0.75\r\n', [0.75]),
        (documents("/predictions/0/score"), b'{"predictions": [{"score": 0.5}]}', [0.5]),
        (documents("/scores"), b'{"scores": [1, 2.5]}', [1.0, 2.5]),
        (documents("/a~1b/~0"), b'{"a/b": {"~": 3}}', [3.0]),
        (documents(""), b"0.125", [0.125]),
    ],
)
def test_the_number_is_found_where_the_settings_say(server: OwnServer, body: bytes, numbers: list[float]) -> None:
    assert OwnServer.from_json(server.to_json()).numbers(body) == numbers


@pytest.mark.parametrize(
    ("server", "body", "error"),
    [
        (lines(column=2), b"0.1,0.2", "a line must have a column 2, got '0.1,0.2'"),
        (lines(), b"", "a response must have a number for each row, got none"),
        (lines(), b"yes", "could not convert"),
        (documents("/score"), b'{"label": 1}', "/score must lead to the number, and there is no score"),
        (documents("/score"), b'{"score": true}', "the number of a response must be finite, got 'True'"),
        (documents("/score"), b'{"score": NaN}', "the number of a response must be finite, got 'nan'"),
        (documents("/score"), b"oops", "Expecting value"),
        (documents("/score"), b"\xff", "can't decode"),
    ],
)
def test_a_response_without_it_is_an_error_that_says_so(server: OwnServer, body: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=error.replace("'", ".")):
        server.numbers(body)
