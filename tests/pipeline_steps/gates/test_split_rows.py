"""Rows of the test split as requests."""

from types import SimpleNamespace

import pytest

from pipeline_steps.gates.gate_results import ContractResult, ReplayResult, message
from pipeline_steps.gates.recent_requests import CAPTURED
from pipeline_steps.gates.split_rows import rows_as_requests, split_table

CONTRACT = SimpleNamespace(columns=[SimpleNamespace(name="weekend"), SimpleNamespace(name="page, value")])
TABLE = '"page, value",bought,weekend\r\n1.5,1,true\r\n,0,"a ""b"", c"\r\n3,1,false\r\n'


def test_a_request_has_the_contracts_columns_in_their_order_and_no_target():
    found = rows_as_requests(TABLE, CONTRACT, limit=2)
    assert [request.body for request in found.requests] == [b"true,1.5\r\n", b'"a ""b"", c",\r\n']
    assert {request.content_type for request in found.requests} == {"text/csv"}


@pytest.mark.parametrize(
    ("table", "what"),
    [(None, "which is not kept here"), ("weekend\r\ntrue\r\n", "that have the column page, value")],
)
def test_what_cannot_be_sent_is_no_request_and_says_why(table, what):
    found = rows_as_requests(table, CONTRACT, limit=5)
    assert (found.requests, found.unreadable) == ((), 0)
    assert what in found.what


def test_a_table_of_another_account_is_not_asked_for(tmp_path):
    missing = tmp_path / "none"
    assert split_table(missing, "s3://theirs/pipeline/splits/data.csv", bucket="ours") is None
    assert split_table(missing, "", bucket="") is None


@pytest.mark.parametrize(
    ("sent", "text"),
    [(CAPTURED, "passed"), ("rows of the test split", "passed; replayed 80 rows of the test split, for nothing is")],
)
def test_the_message_says_what_was_replayed_where_it_was_no_request_of_a_user(sent, text):
    assert message(ContractResult(()), ReplayResult(80, sent=sent)).startswith(text)
