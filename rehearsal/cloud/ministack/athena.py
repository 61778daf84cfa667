"""Athena's UNLOAD, which ministack accepts and does nothing for, and workgroups that are not there."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from ministack import app as _app
from ministack.core.responses import error_response_json
from ministack.services import athena as _athena

from rehearsal.cloud.athena_statements import MOST_CHARACTERS, Unload, parse_unload

PRIMARY = "primary"
_caller: ContextVar[str] = ContextVar("caller_of_athena", default="")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class UnloadRequest:
    """Attributes: authorization: the header with which its caller signed, whose rights it has."""

    unload: Unload
    database: str
    output_location: str
    authorization: str


@dataclass(frozen=True)
class UnloadOutcome:
    """`reason` says why it failed, or what is to be known of what it wrote."""

    succeeded: bool
    reason: str = ""
    bytes_read: int = 0


@dataclass(frozen=True)
class TableReference:
    """A table that a SELECT names; `database` is None where it does not say which."""

    database: str | None
    table: str


def table_references(select: str) -> Iterator[TableReference]:
    """Find what follows FROM and JOIN, but for the names that WITH gives."""
    for found in _athena._table_references(select):
        yield TableReference(found.database, found.table)


def workgroup_of(query_id: str) -> str:
    """In which a query runs; "" where there is no such query."""
    return str((_athena._executions.get(query_id) or {}).get("WorkGroup", ""))


def answer_unloads(run: Callable[[UnloadRequest], UnloadOutcome]) -> None:
    """Have `run` execute each UNLOAD, on a thread of its own."""
    handle = _app.SERVICE_HANDLERS["athena"]

    async def handle_request(method: str, path: str, headers: Mapping[str, str], body: bytes, query: Any) -> Any:
        _caller.set(headers.get("authorization", ""))
        return await handle(method, path, headers, body, query)

    _app.SERVICE_HANDLERS["athena"] = handle_request
    _check_submissions()
    _execute_unloads(run)


def _check_submissions() -> None:
    known = _athena._start_query_execution

    def start_query_execution(request: dict[str, Any]) -> Any:
        statement, workgroup = str(request.get("QueryString", "")), request.get("WorkGroup", PRIMARY)
        wrong = next(_wrong(statement, workgroup), None)
        return known(request) if wrong is None else error_response_json("InvalidRequestException", wrong, 400)

    _athena._start_query_execution = start_query_execution


def _wrong(statement: str, workgroup: str) -> Iterator[str]:
    if workgroup not in _athena._workgroups:
        yield f"WorkGroup {workgroup} is not found."
    if len(statement) > MOST_CHARACTERS:
        yield (
            f"1 validation error detected: Value at 'queryString' failed to satisfy constraint: Member must have "
            f"length less than or equal to {MOST_CHARACTERS}"
        )
    try:
        parse_unload(statement)
    except ValueError as exc:
        yield str(exc)


def _execute_unloads(run: Callable[[UnloadRequest], UnloadOutcome]) -> None:
    known = _athena._execute_query

    async def execute_query(query_id: str, query: str, database: str, ddl: Any, catalog: str | None = None) -> None:
        execution, unload = _athena._executions[query_id], parse_unload(query)
        if unload is None:
            await known(query_id, query, database, ddl, catalog)
            return
        execution["Status"]["State"] = "RUNNING"
        output = execution["ResultConfiguration"]["OutputLocation"]
        request = UnloadRequest(unload, database, output, _caller.get())
        try:
            outcome = await asyncio.to_thread(run, request)
        except Exception as exc:  # noqa: BLE001 -- a query that was not run must end
            _log.exception("query %s was not run", query_id)
            outcome = UnloadOutcome(succeeded=False, reason=f"GENERIC_INTERNAL_ERROR: {exc}")
        if execution["Status"]["State"] == "RUNNING":  # it was not stopped
            execution["Status"] |= {
                "State": "SUCCEEDED" if outcome.succeeded else "FAILED",
                "StateChangeReason": outcome.reason,
                "CompletionDateTime": int(time.time()),
            }
            execution["Statistics"]["DataScannedInBytes"] = outcome.bytes_read

    _athena._execute_query = execute_query
