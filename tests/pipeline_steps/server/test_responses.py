"""The server with a model of each problem, through the bytes of a connection."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.baseline.distribution import training_distribution
from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.predictions import read_predictions
from pipeline_steps.server.reasons import MOST_CELLS, Explainer
from pipeline_steps.server.score_recorder import ScoreRecorder
from pipeline_steps.server.warm_up import warm_up
from tests.contracts import binary_contract
from tests.tiny_artifacts import NAMES, TinyModel, csv_body, tiny_model

CSV, JSON = "text/csv", "application/json"


def application(model: TinyModel, **more: Any) -> Application:
    scorer = model.artifact.scorer
    return Application(
        model.contract, scorer, explainer=Explainer(model.contract, scorer.score, model.baseline), **more
    )


def invoke(model: TinyModel, body: bytes, *, query: str = "", content_type: str = CSV, **headers: str) -> Response:
    request = HttpRequest("POST", "/invocations", {"content-type": content_type, **headers}, body, query=query)
    return application(model).handle(request)


@pytest.mark.parametrize("accept", [JSON, CSV, "application/jsonlines", "application/x-npy"])
@pytest.mark.parametrize("name", NAMES)
def test_a_response_read_back_has_the_models_scores_and_labels(name: str, accept: str) -> None:
    model = tiny_model(name)
    response = invoke(model, csv_body(model.table), accept=accept)
    assert (response.status, response.content_type) == (200, accept)
    read = read_predictions(model.contract.responder, response.body, response.content_type)
    assert [score for score, _ in read] == pytest.approx(model.headline.tolist(), rel=1e-6)
    assert [label for _, label in read] == pytest.approx(model.labels.tolist(), rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_json_row_and_a_csv_row_get_the_same_response(name: str) -> None:
    model = tiny_model(name)
    body = json.dumps({"instances": [{"visits": 3, "spend": None, "month": "Nov"}]}).encode()
    response = invoke(model, body, content_type=JSON)
    assert response.body == invoke(model, b"3,,Nov\n").body
    assert len(json.loads(response.body)["predictions"]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_models_own_rows_warm_the_server_up(name: str) -> None:
    model = tiny_model(name)
    assert warm_up(application(model).handle, model.contract, model.baseline) > 0


@pytest.mark.parametrize("name", NAMES)
def test_drift_is_counted_of_what_was_answered(name: str) -> None:
    model, other = tiny_model(name), tiny_model(name, bias=3)
    drift = {}
    for what, sent in (("same", model), ("other", other)):
        recorder = ScoreRecorder(model.contract, model.baseline)
        answered = Application(model.contract, sent.artifact.scorer, recorder=recorder)
        answered.handle(HttpRequest("POST", "/invocations", {"content-type": CSV}, csv_body(model.table)))
        drift[what] = {metric.name: metric.value for metric in recorder.take_metrics()}
    assert drift["same"]["PredictionDrift"] < 0.1
    assert drift["other"]["PredictionDrift"] > 0.3
    assert drift["other"]["InputDrift"] == drift["same"]["InputDrift"] < 0.1
    assert drift["same"].keys() >= {"ScoredRows", "UpperHalf", "Tails"}


@pytest.mark.parametrize("where", ["query", "custom attribute"])
@pytest.mark.parametrize("name", NAMES)
def test_reasons_say_what_a_prediction_owes_to_each_column(name: str, where: str) -> None:
    model = tiny_model(name)
    row = csv_body(model.table[:1])
    if where == "query":
        response = invoke(model, row, query="explain")
    else:
        response = invoke(model, row, **{"x-amzn-sagemaker-custom-attributes": "trace=7, explain"})
    (entry,) = json.loads(response.body)["predictions"]
    reasons = entry.pop("reasons")
    assert [entry] == json.loads(invoke(model, row).body)["predictions"]
    contributions = [abs(reason["contribution"]) for reason in reasons]
    assert contributions == sorted(contributions, reverse=True)
    own = model.outputs[0] if model.outputs.ndim == 1 else model.outputs[0, int(model.labels[0])]
    for reason in reasons:
        place = [column.name for column in model.contract.columns].index(reason["column"])
        changed = model.features[:1].copy()
        bins = model.baseline.columns[place]
        changed[0, place] = bins.most_common() if reason["column"] == "month" else bins.middle()
        output = model.artifact.scorer.score(changed)
        there = output[0] if output.ndim == 1 else output[0, int(model.labels[0])]
        assert reason["contribution"] == pytest.approx(own - there, abs=1e-5)


def test_a_column_with_its_typical_value_is_no_reason() -> None:
    model = tiny_model(NAMES[0])
    middle = [f"{bins.middle():g}" for bins in model.baseline.columns[:2]]
    (entry,) = json.loads(invoke(model, f"{','.join(middle)},Nov\n".encode(), query="explain").body)["predictions"]
    assert [reason["column"] for reason in entry["reasons"]] == ["month"]


def test_an_explanation_costs_no_more_than_is_documented() -> None:
    model = tiny_model(NAMES[0])
    rows = MOST_CELLS // 3
    assert invoke(model, csv_body(model.table[:rows]), query="explain").status == 200
    response = invoke(model, csv_body(model.table[: rows + 1]), query="explain")
    assert response.status == 400
    error = json.loads(response.body)["error"]
    assert error == f"explain takes at most 1000 cells, got {rows + 1} rows of 3 columns: send at most 333 rows"


def test_reasons_are_given_as_json_alone() -> None:
    response = invoke(tiny_model(NAMES[0]), b"3,,Nov\n", query="explain", accept=CSV)
    assert (response.status, json.loads(response.body)["error"]) == (
        400,
        "explain gives application/json, got a request that accepts 'text/csv'",
    )


@pytest.mark.parametrize("query", ["trace=7", "explained", ""])
def test_another_query_means_nothing(query: str) -> None:
    assert b"reasons" not in invoke(tiny_model(NAMES[0]), b"3,,Nov\n", query=query).body


def test_a_model_without_a_baseline_explains_nothing_and_serves() -> None:
    model = tiny_model(NAMES[0])
    handle = Application(model.contract, model.artifact.scorer).handle
    request = HttpRequest("POST", "/invocations", {"content-type": CSV}, b"3,,Nov\n", query="explain")
    assert handle(request).status == 400
    assert b"baseline.json" in handle(request).body
    request.query = ""
    assert handle(request).status == 200


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", [0, -1])
def test_an_output_that_is_no_number_is_a_failure_of_the_model(
    name: str, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tiny_model(name)

    class Broken:
        def score(self, features: Any) -> Any:
            outputs = model.artifact.scorer.score(features)
            outputs.ravel()[place] = np.nan
            return outputs

    request = HttpRequest("POST", "/invocations", {"content-type": CSV}, b"3,,Nov\n4,1,Feb\n")
    assert Application(model.contract, Broken()).handle(request).status == 500
    assert "ArithmeticError" in capsys.readouterr().err


def test_columns_that_training_never_had_are_served_watched_and_explained() -> None:
    contract = binary_contract(
        (
            NumberColumn("x", 0, 10, missing=True),
            CategoryColumn("note", (), other_code=0, accepts_unknown=True, missing=True),
            NumberColumn("refund", 0, 0, missing=True),
        )
    )

    class Scorer:
        def score(self, features: Any) -> Any:
            known = np.isfinite(features)
            return (0.1 + 0.05 * known.sum(axis=1)).astype(np.float32)

    table = pd.DataFrame({"x": np.arange(300) / 30, "note": [""] * 300, "refund": [np.nan] * 300})
    scores = Scorer().score(contract.encode(table))
    baseline = Baseline.from_document(training_distribution(contract.columns, table, scores), contract)
    recorder, explainer = ScoreRecorder(contract, baseline), Explainer(contract, Scorer().score, baseline)
    handle = Application(contract, Scorer(), recorder=recorder, explainer=explainer).handle
    assert warm_up(handle, contract, baseline) > 0
    assert {metric.name for metric in recorder.take_metrics()} >= {"InputDrift", "PredictionDrift"}
    request = HttpRequest("POST", "/invocations", {"content-type": CSV}, b"1,seen at last,5\n", query="explain")
    (entry,) = json.loads(handle(request).body)["predictions"]
    assert {each["column"]: each["contribution"] for each in entry["reasons"]} == {
        "note": pytest.approx(0.05, abs=1e-6),
        "refund": pytest.approx(0.05, abs=1e-6),
    }
