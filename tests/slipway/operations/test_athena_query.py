"""`slipway score --query`: what is sent to Athena, and what becomes of it."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from slipway.errors import InputError, LaunchError
from slipway.operations.athena_query import AthenaQuery
from slipway.operations.polling import Polling
from slipway.operations.scoring import BatchScoring

SQL = "SELECT * FROM sessions WHERE day = DATE '2026-11-29'"
ID = {"QueryExecutionId": "q-1"}


class Account:
    """Athena and S3, whose requests and responses are checked against their API models.

    Attributes:
        folders: where the rows go, and what Athena notes.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, states: list[dict[str, Any]], rows: int = 1) -> None:
        self.clients = {name: boto3.client(name, region_name="us-east-1") for name in ("athena", "s3")}
        athena, s3 = (Stubber(client) for client in self.clients.values())
        self.folders = [f"s3://artifacts/batch/uploads/{name}/" for name in ("rows", "notes")]
        names = iter(("rows", "notes"))
        monkeypatch.setattr("secrets.token_hex", lambda _: next(names))
        query = f"UNLOAD (\n{SQL}\n) TO '{self.folders[0]}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
        started = {
            "QueryString": query,
            "QueryExecutionContext": {"Database": "shop"},
            "ResultConfiguration": {"OutputLocation": self.folders[1]},
            "WorkGroup": "scoring",
        }
        athena.add_response("start_query_execution", ID, started)
        for status in states:
            found = {"QueryExecution": {"Status": status, "Statistics": {"DataScannedInBytes": 12_345}}}
            athena.add_response("get_query_execution", found, ID)
        athena.add_response("stop_query_execution", {}, ID)
        listed = {"Contents": [{"Key": "batch/uploads/rows/1"}]} if rows else {}
        s3.add_response(
            "list_objects_v2", listed, {"Bucket": "artifacts", "Prefix": "batch/uploads/rows/", "MaxKeys": 1}
        )
        athena.activate()
        s3.activate()
        self.athena = athena

    def unload(self, report: Any = lambda _: None, sleep: Any = lambda _: None) -> str:
        scoring = BatchScoring(self.clients.__getitem__, "p", "artifacts", "s3://d/score/", Polling(sleep=sleep))
        query = AthenaQuery.of(f" {SQL} ;\n", database="shop", workgroup="scoring")
        return scoring.unload(query, report)


def test_a_querys_rows_are_unloaded_to_a_folder_of_their_own_that_the_jobs_may_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = Account(monkeypatch, states=[{"State": "QUEUED"}, {"State": "RUNNING"}, {"State": "SUCCEEDED"}])
    lines: list[str] = []
    assert account.unload(lines.append) == account.folders[0]
    assert lines == [
        f"query q-1 runs in workgroup scoring, and writes its rows to {account.folders[0]}",
        "query q-1 has read 12,345 bytes",
    ]


@pytest.mark.parametrize(
    ("status", "rows", "reason"),
    [
        ({"State": "FAILED", "StateChangeReason": "line 1:15: Table does not exist"}, 1, "FAILED: line 1:15: Table"),
        ({"State": "CANCELLED"}, 1, "q-1 ended CANCELLED: Athena gives no reason"),
        ({"State": "SUCCEEDED"}, 0, "q-1 has no rows: nothing lies below .*, and nothing is scored"),
    ],
)
def test_a_query_that_fails_or_finds_nothing_scores_nothing(
    monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], rows: int, reason: str
) -> None:
    with pytest.raises(LaunchError, match=reason):
        Account(monkeypatch, states=[status], rows=rows).unload()


def test_an_interrupted_query_is_stopped_in_athena_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    account = Account(monkeypatch, states=[{"State": "RUNNING"}])
    with pytest.raises(KeyboardInterrupt):
        account.unload(sleep=interrupted)
    account.athena.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("sql", "database", "error"),
    [
        ("DROP TABLE sessions", "shop", "--query must be a SELECT, or WITH … SELECT, .* got 19: DROP TABLE sessions"),
        ("selected", "shop", "must be a SELECT"),
        ("", "shop", "must be a SELECT"),
        (SQL, None, "--database must name the database of the query's tables, got none"),
    ],
)
def test_what_is_no_query_is_refused_before_anything_runs(sql: str, database: str | None, error: str) -> None:
    with pytest.raises(InputError, match=error):
        AthenaQuery.of(sql, database=database, workgroup=None)


def test_common_table_expressions_are_queries_too() -> None:
    found = AthenaQuery.of("with s as (select 1 a) select * from s;", database="shop", workgroup=None)
    assert (found.sql, found.workgroup) == ("with s as (select 1 a) select * from s", "primary")
