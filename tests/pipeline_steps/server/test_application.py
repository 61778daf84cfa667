import json
import math
from dataclasses import replace
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.artifact.contract import MAX_PAYLOAD_BYTES
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpError, HttpRequest, response_bytes
from pipeline_steps.server.payload import read_payload
from pipeline_steps.server.predictions import accepted_type, write_predictions
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("visits", 0, 10, missing=False),
        NumberColumn("spend", 0, 10, missing=True),
        CategoryColumn("month", ("Feb", "Nov"), other_code=1, accepts_unknown=True, missing=True),
        CategoryColumn("returning", ("FALSE", "TRUE"), other_code=2, accepts_unknown=False, missing=False),
    ),
    max_payload_rows=3,
)
GOOD = {"visits": 3, "spend": 1.5, "month": "Nov", "returning": "TRUE"}


class Scorer:
    """Scores a row by its first column over ten."""

    def score(self, features: Any) -> Any:
        return features[:, 0] / np.float32(10)


def _application(scorer: Any = None) -> Application:
    return Application(CONTRACT, scorer or Scorer())


def _invoke(
    body: bytes | str | dict[str, Any], content_type: str = "application/json", **headers: str
) -> tuple[int, str]:
    if isinstance(body, dict):
        body = json.dumps(body)
    content = body if isinstance(body, bytes) else body.encode()
    request = HttpRequest("POST", "/invocations", {"content-type": content_type, **headers}, content)
    response = _application().handle(request)
    return response.status, response.body.decode()


def test_one_json_row_gets_score_and_label() -> None:
    assert _invoke({"instances": [GOOD]}) == (200, '{"predictions":[{"score":0.300000012,"label":0}]}\n')


def test_rows_as_objects_and_as_lists_mean_the_same() -> None:
    assert _invoke({"instances": [GOOD]}) == _invoke({"instances": [list(GOOD.values())]})


def test_csv_rows_get_a_score_a_line_when_csv_is_accepted() -> None:
    body = "3,1.5,Nov,TRUE\r\n7,,,FALSE\r\n"
    assert _invoke(body, "text/csv; charset=utf-8", accept="text/csv") == (200, "0.300000012\n0.699999988\n")


def test_quoted_cells_are_read() -> None:
    assert _invoke('"3","1.5","Nov","TRUE"', "text/csv")[0] == 200


def test_a_row_at_the_threshold_is_labelled_positive() -> None:
    body = json.loads(write_predictions(CONTRACT.responder, np.array([0.5, 0.4999]), "application/json").body)
    assert [entry["label"] for entry in body["predictions"]] == [1, 0]


def test_a_missing_value_may_be_null_or_left_out_where_the_contract_allows_it() -> None:
    features = read_payload(
        CONTRACT, b'{"instances": [{"visits": 1, "spend": null, "returning": "FALSE"}]}', "application/json"
    )
    assert features[0, 0] == 1
    assert math.isnan(features[0, 1])
    assert math.isnan(features[0, 2])


def test_an_unknown_category_counts_as_other_where_the_contract_allows_it() -> None:
    assert read_payload(CONTRACT, b"1,2,Jan,TRUE", "text/csv")[0, 2] == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body must hold at least one row, got none"),
        ("1,2,Nov", "row 1: it must have 4 columns, got 3"),
        ("1,2,Nov,TRUE\n1,2,Nov,TRUE,9", "row 2: it must have 4 columns, got 5"),
        ("1,2,Nov,TRUE\n\n1,2,Nov,TRUE", "row 2: it must have 4 columns, got 0"),
        ("1,2,Nov,TRUE\nmany,2,Nov,TRUE", "row 2: column visits must be a number, got 'many'"),
        (",2,Nov,TRUE", "row 1: column visits must be a number, got ''"),
        ("inf,2,Nov,TRUE", "row 1: column visits must be a number, got 'inf'"),
        ("1,Infinity,Nov,TRUE", "row 1: column spend must be a number or missing, got 'Infinity'"),
        ("1,2,Nov,maybe", "row 1: column returning must be one of 'FALSE', 'TRUE', got 'maybe'"),
        ("\ufeffspend,Visits,month,returning,bought\n1,2,Nov,TRUE,1", "row 1: column 'Visits' is none of the model's"),
        ("id,visits,spend,month,returning\n7,1,2,Nov,TRUE", "row 1: column 'id' is none of the model's"),
        ('1,2,"Nov,TRUE', "the body must be CSV: unexpected end of data"),
        (b"\xff\xfe", "the body must be UTF-8 text: "),
    ],
)
def test_csv_that_breaks_the_contract_is_refused_with_row_column_and_value(body: str | bytes, reason: str) -> None:
    status, answer = _invoke(body, "text/csv")
    assert status == 400
    assert json.loads(answer)["error"].startswith(reason)
    assert answer.count("\n") == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "the body must be JSON: "),
        ("[]", 'the body must be {"instances": [row, …]} with at least one row'),
        ({"instances": []}, 'the body must be {"instances": [row, …]} with at least one row'),
        ({"instances": [3]}, "row 1: it must be an object or a list, got 3"),
        ({"instances": [[1, 2]]}, "row 1: it must have 4 columns, got 2"),
        ({"instances": [GOOD, GOOD | {"visits": "3"}]}, "row 2: column visits must be a number, got '3'"),
        ({"instances": [GOOD | {"visits": True}]}, "row 1: column visits must be a number, got true"),
        ({"instances": [GOOD | {"visits": None}]}, "row 1: column visits must be a number, got null"),
        ({"instances": [GOOD | {"returning": 1}]}, "row 1: column returning must be one of 'FALSE', 'TRUE', got 1"),
        ({"instances": [{}]}, "row 1: it must have a value for at least one column, got none"),
        ({"instances": [GOOD | {"Spend": 1}]}, "row 1: column 'Spend' is none of the model's; it has 'spend', which"),
        ({"instances": [GOOD | {"colour": "red"}]}, "row 1: column 'colour' is none of the model's"),
        ({"instances": [{"spend": 1}]}, "row 1: column visits is absent"),
        ('{"instances": [[NaN, 2, "Nov", "TRUE"]]}', "the body must be JSON: NaN is no JSON, a missing value is null"),
        ('{"instances": [[-Infinity, 2, "Nov", "TRUE"]]}', "the body must be JSON: -Infinity is no JSON"),
        ('{"instances": [[1e999, 2, "Nov", "TRUE"]]}', "row 1: column visits must be a number, got inf"),
        ('{"instances": ' + "[" * 100_000, "the body must be JSON: "),
        ('{"instances": [[1' + "0" * 5000 + ', 2, "Nov", "TRUE"]]}', ""),
    ],
)
def test_json_that_breaks_the_contract_is_refused_with_row_column_and_value(body: Any, reason: str) -> None:
    status, answer = _invoke(body)
    assert status == 400
    assert json.loads(answer)["error"].startswith(reason)


@given(st.binary(max_size=60), st.sampled_from(["text/csv", "application/json"]))
def test_no_body_is_an_internal_failure(body: bytes, content_type: str) -> None:
    assert _invoke(body, content_type)[0] in {200, 400}


def test_a_header_is_found_where_every_column_would_take_its_cells() -> None:
    texts = tuple(replace(CONTRACT.columns[2], name=name) for name in ("month", "place"))
    contract = replace(CONTRACT, columns=texts)
    assert read_payload(contract, b"place,month\nFeb,Nov\n", "text/csv").tolist() == [[2, 0]]
    assert read_payload(contract, b"Nov,place\n", "text/csv").tolist() == [[2, 1]]


def test_a_category_may_have_the_name_of_its_column() -> None:
    column = CategoryColumn("month", ("month", "year"), other_code=2, accepts_unknown=True, missing=True)
    assert read_payload(replace(CONTRACT, columns=(column,)), b"month\nyear\n", "text/csv").tolist() == [[0], [1]]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "image/png",
        "text/csv; charset=latin-1",
        'text/csv;x=y; Charset="UTF-16"',
    ],
)
def test_another_content_type_or_charset_is_refused(content_type: str) -> None:
    assert _invoke("3,1.5,Nov,TRUE", content_type)[0] == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


@pytest.mark.parametrize("parameters", ["", ";", "; header=absent", '; Charset="UTF-8"', ";charset=us-ascii"])
def test_the_charsets_that_are_utf_8_are_taken(parameters: str) -> None:
    assert _invoke("3,1.5,Nov,TRUE", "text/csv" + parameters)[0] == HTTPStatus.OK


def test_as_many_rows_as_the_contract_allows_are_taken_however_they_are_written() -> None:
    """With every letter escaped and every value on a line of its own, and some unknown categories."""
    escaped = {"".join(rf"\u{ord(letter):04x}" for letter in name): value for name, value in GOOD.items()}
    row = {**escaped, r"\u006d\u006f\u006e\u0074\u0068": "x" * 250}
    lines = [f'      "{name}": {json.dumps(value)}' for name, value in row.items()]
    rows = "    {\n" + ",\n".join(lines) + "\n    }"
    body = '{\n  "instances": [\n' + ",\n".join([rows] * CONTRACT.max_payload_rows) + "\n  ]\n}"
    assert len(body) <= CONTRACT.max_payload_bytes < MAX_PAYLOAD_BYTES
    assert _invoke(body)[0] == HTTPStatus.OK


@pytest.mark.parametrize("body", ["1,2,Nov,TRUE\n" * 4, json.dumps({"instances": [GOOD] * 4})])
def test_too_many_rows_are_refused(body: str) -> None:
    content_type = "application/json" if body.startswith("{") else "text/csv"
    assert _invoke(body, content_type)[0] == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/jsonlines", "application/jsonlines"),
        ("application/x-npy, */*;q=0.5", "application/x-npy"),
        ("text/csv", "text/csv"),
        ("text/*;q=0.8", "text/csv"),
        ("text/html, image/gif, *; q=.2, */*; q=.2", "application/json"),
        ("text/html, TEXT/CSV, */*", "text/csv"),
        ("text/csv;q=0, application/json", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        ("text/csv; q=0.000, */*;q=0.1", "application/json"),
        ("application/json;q=0.5, text/csv;Q=0.9", "text/csv"),
        ("image/png, text/csv;q=maybe, application/*;q=0.001", "application/json"),
        (" ", "application/json"),
    ],
)
def test_the_response_has_the_type_that_the_caller_accepts(accept: str, chosen: str) -> None:
    assert accepted_type(accept) == chosen


@pytest.mark.parametrize("accept", ["image/png", "json", "*/*;q=0", "text/csv;q=0, application/json;q=0.0", "a/b,,;"])
def test_an_unavailable_type_is_refused(accept: str) -> None:
    with pytest.raises(HttpError) as caught:
        accepted_type(accept)
    assert caught.value.response.status == HTTPStatus.NOT_ACCEPTABLE


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/ping", 200),
        ("HEAD", "/ping", 200),
        ("POST", "/ping", 405),
        ("GET", "/invocations", 405),
        ("GET", "/", 404),
        ("GET", "/ping/", 404),
        ("POST", "/openapi.json", 405),
        ("POST", "/execution-parameters", 405),
        ("GET", "/execution-parameters", 200),
    ],
)
def test_other_paths_and_methods_are_refused(method: str, path: str, status: int) -> None:
    assert _application().handle(HttpRequest(method, path)).status == status


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_a_failure_of_the_model(score: float, capsys: pytest.CaptureFixture[str]) -> None:
    broken = SimpleNamespace(score=lambda features: np.full(len(features), score))
    response = _application(broken).handle(
        HttpRequest("POST", "/invocations", {"content-type": "text/csv"}, b"1,2,Nov,TRUE")
    )
    assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert b"Traceback" not in response.body
    assert "ArithmeticError" in capsys.readouterr().err


def test_the_response_to_a_head_request_has_no_body() -> None:
    response = replace(_application().handle(HttpRequest("GET", "/")))
    assert response_bytes(response, keep_alive=True, head=True).endswith(b"\r\n\r\n")
    assert response_bytes(response, keep_alive=False).count(b"Connection: close\r\n") == 1


LINES = "application/jsonlines"


@pytest.mark.parametrize(
    ("batch", "accept", "status"), [(True, LINES, 200), (True, "application/json", 400), (False, LINES, 400)]
)
def test_a_refused_row_has_a_line_of_its_own_in_a_transform_job_alone(batch: bool, accept: str, status: int) -> None:
    rows = [GOOD, {**GOOD, "visits": "three"}, [], GOOD]
    body = "".join(f"{json.dumps(row)}\n" for row in rows)  # more rows than the contract's most
    request = HttpRequest("POST", "/invocations", {"content-type": LINES, "accept": accept}, body.encode())
    response = Application(CONTRACT, Scorer(), batch=batch).handle(request)
    assert response.status == status
    if status == 200:
        lines = [json.loads(line) for line in response.body.splitlines()]
        assert [line.get("error") for line in lines] == [
            None,
            "column visits must be a number, got 'three'",
            "it must have 4 columns, got 0",
            None,
        ]
        assert lines[0] == lines[3] == {"score": pytest.approx(0.3), "label": 0}


def test_an_output_that_is_no_number_is_an_error_of_its_row() -> None:
    class Broken:
        def score(self, features: Any) -> Any:
            return np.where(features[:, 0] > 5, np.float32(np.nan), features[:, 0] / np.float32(10))

    body = "\n".join(json.dumps({**GOOD, "visits": visits}) for visits in (3, 7))
    request = HttpRequest("POST", "/invocations", {"content-type": LINES, "accept": LINES}, body.encode())
    response = Application(CONTRACT, Broken(), batch=True).handle(request)  # type: ignore[arg-type]
    lines = [json.loads(line) for line in response.body.splitlines()]
    assert lines[0]["label"] == 0
    assert "no finite number" in lines[1]["error"]
