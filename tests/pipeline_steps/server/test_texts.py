"""Texts in requests: every format that carries them, their limits, and what the server says of them."""

import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.server.application import Application
from pipeline_steps.server.messages import HttpError
from pipeline_steps.server.npy import write_npy
from pipeline_steps.server.openapi import openapi_document
from pipeline_steps.server.payload import read_payload
from pipeline_steps.server.reasons import Explainer
from pipeline_steps.server.warm_up import warm_up
from tests.text_models import letters, text_model

TEXT = (
    'Liebe Leute, "kaputt";\n\u0431\u044b\u043b\u043e 日本 \U0001f600\u200d\U0001f680 e\u0301\u0327 '
    "\u0130\u0131\u00df\u01c6 \u202e\u05e9\u05dc\u05d5\u05dd\ufdfa \x00\x85\u2028\u00a0 !?\u2026 " + "x" * 2_500
)
ROW = {"amount": 1.0, "letter": TEXT}
QUOTED = TEXT.replace('"', '""')


BODIES: Mapping[str, tuple[str, bytes]] = {
    "json": ("application/json", json.dumps({"instances": [ROW]}).encode()),
    "json list": ("application/json", json.dumps([list(ROW.values())], ensure_ascii=False).encode()),
    "split": ("application/json", json.dumps({"columns": list(ROW), "data": [list(ROW.values())]}).encode()),
    "lines": ("application/jsonlines", (json.dumps(ROW) + "\n").encode()),
    "csv": ("text/csv", f'1.0,"{QUOTED}"\n'.encode()),
    "csv with header": ("text/csv", f'letter,amount\n"{QUOTED}",1.0\n'.encode()),
    "packed": ("text/csv", gzip.compress(f'1.0,"{QUOTED}"\n'.encode(), mtime=0)),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_format_carries_texts(name: str) -> None:
    content_type, body = BODIES[name]
    contract = text_model().contract
    found = read_payload(contract, body, content_type)
    assert found.tobytes() == contract.encode(pd.DataFrame([ROW])).tobytes()
    assert found[0, 1] == len(TEXT)


@pytest.mark.parametrize("value", [3, 2.5, True, ["a"], {"a": 1}])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(HttpError, match="row 1: column letter must be text or missing, got"):
        read_payload(text_model().contract, json.dumps([{"amount": 1, "letter": value}]).encode(), "application/json")


def test_an_array_of_numbers_holds_no_text_but_may_lack_it() -> None:
    contract = text_model().contract
    found = read_payload(contract, write_npy(np.array([[1.0, np.nan]])), "application/x-npy")
    assert np.isnan(found[0, 1])
    assert not found[0, 2:].any()
    with pytest.raises(HttpError, match="must be text or missing, got 2"):
        read_payload(contract, write_npy(np.array([[1.0, 2.0]])), "application/x-npy")


def test_a_long_text_is_read_as_far_as_the_contract_says_and_a_huge_one_is_refused() -> None:
    contract = text_model().contract
    limit = 2000
    text = "word " * 1000
    found = read_payload(contract, json.dumps([[1.0, text]]).encode(), "application/json")
    cut = read_payload(contract, json.dumps([[1.0, text[:limit]]]).encode(), "application/json")
    assert found[0, 2:].tolist() == cut[0, 2:].tolist()
    assert found[0, 1] == len(text.strip())
    for body in (json.dumps([[1.0, "x" * 1_000_000]]).encode(), b"1.0," + b"x" * 1_000_000):
        content_type = "application/json" if body[:1] == b"[" else "text/csv"
        with pytest.raises(HttpError, match=r"must be at most \d{5} characters long"):
            read_payload(contract, body, content_type)


def test_many_rows_are_encoded_as_each_alone() -> None:
    contract, rows = text_model().contract, letters(1100, seed=9)
    body = rows.features.to_csv(index=False, header=False).encode()
    assert read_payload(contract, body, "text/csv").tobytes() == contract.encode(rows.features).tobytes()


def test_the_server_warms_up_with_texts_and_describes_them() -> None:
    model = text_model()
    baseline = Baseline.from_document(model.document("baseline.json"), model.contract)
    assert warm_up(Application(model.contract, model.scorer).handle, model.contract, baseline) > 0
    row = openapi_document(model.contract, model.scorer)["components"]["schemas"]["Row"]["anyOf"][0]
    assert row["properties"]["letter"]["type"] == ["string", "null"]
    assert "2000 characters" in row["properties"]["letter"]["description"]


def test_an_explanation_names_the_text_as_one_column() -> None:
    model = text_model()
    explainer = Explainer(
        model.contract, model.scorer.score, Baseline.from_document(model.document("baseline.json"), model.contract)
    )
    rows = model.contract.encode(pd.DataFrame({"amount": [0.0], "letter": ["angry refund broken late"]}))
    explainer.check(np.repeat(rows, 500, axis=0))
    (reasons,) = explainer.reasons(rows, model.scorer.score(rows))
    assert [reason.column for reason in reasons][:1] == ["letter"]
    assert {reason.column for reason in reasons} <= {"amount", "letter"}
    assert reasons[0].contribution > 0.1
