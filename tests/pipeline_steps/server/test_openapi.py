"""The OpenAPI document says what the server does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps import openapi
from pipeline_steps.features.boolean_column import BooleanColumn
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.features.datetime_column import DatetimeColumn
from pipeline_steps.paths import Paths
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.openapi import openapi_document
from tests.archives import archive_of
from tests.contracts import binary_contract
from tests.tiny_artifacts import NAMES, tiny_model


def application(name: str) -> Application:
    model = tiny_model(name)
    return Application(model.contract, model.artifact.scorer)


def served(name: str) -> Any:
    response = application(name).handle(HttpRequest("GET", "/openapi.json"))
    assert (response.status, response.content_type) == (200, "application/json")
    return json.loads(response.body)


def invoke(name: str, body: str, content_type: str, accept: str) -> Response:
    headers = {"content-type": content_type, "accept": accept}
    return application(name).handle(HttpRequest("POST", "/invocations", headers, body.encode()))


@pytest.mark.parametrize("name", NAMES)
def test_each_example_of_a_request_gets_the_example_of_the_response(name: str) -> None:
    operation = served(name)["paths"]["/invocations"]["post"]
    answers = operation["responses"]["200"]["content"]
    example = served(name)["components"]["schemas"]["Predictions"]["example"]
    checked = 0
    for content_type, body in operation["requestBody"]["content"].items():
        for accept, answer in answers.items():
            if "example" in body and "example" in answer:
                sent = body["example"] if isinstance(body["example"], str) else json.dumps(body["example"])
                response = invoke(name, sent, content_type, accept)
                assert (response.status, response.content_type) == (200, accept)
                found = response.body.decode()
                assert (json.loads(found) if accept == "application/json" else found) == answer["example"]
                checked += 1
    assert checked == 12
    assert answers["application/json"]["example"] == example


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if "$ref" in value else []
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def test_rows_have_the_contracts_columns_and_every_reference_leads_somewhere() -> None:
    columns = (
        NumberColumn("visits", 0, 10, missing=False),
        CategoryColumn("month", ("Feb", "Nov"), other_code=2, accepts_unknown=True, missing=True),
        CategoryColumn("plan", ("a", "b"), other_code=2, accepts_unknown=False, missing=True),
        BooleanColumn("member", missing=False),
        DatetimeColumn("signup", 9000.0, 9001.0, missing=True, format="%d.%m.%Y"),
    )
    model = tiny_model("binary")

    class Scorer:
        def score(self, features: Any) -> Any:
            return model.outputs[: len(features)]

    document = openapi_document(binary_contract(columns), Scorer())
    row, _ = document["components"]["schemas"]["Row"]["anyOf"]
    assert row["required"] == ["visits", "member"]
    assert {name: its.get("type", its.get("enum")) for name, its in row["properties"].items()} == {
        "visits": ["number"],
        "month": ["string", "null"],
        "plan": ["a", "b", None],
        "member": ["boolean"],
        "signup": ["string", "null"],
    }
    for reference in references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def test_the_verb_prints_what_the_server_gives(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model.tar.gz").write_bytes(archive_of(tiny_model("regression").artifact.files))
    openapi.main(["--model", str(tmp_path / "model.tar.gz")], Paths(tmp_path))
    assert json.loads(capsys.readouterr().out) == served("regression")
