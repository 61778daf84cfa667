"""A batch of a query: its tables in the data catalog, its schedule brought forward, and what Athena says of it."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.journey.embedded_aws import EmbeddedAws
from rehearsal.journey.phases import PhaseLog
from slipway.errors import LaunchError
from slipway.operations.polling import Polling
from slipway.operations.scheduled_query import ScheduledQuery, StartedScoring
from slipway.settings.batch_query import BatchQuery

_POLLING = Polling(longest_wait_seconds=0.25, timeout_seconds=60)
_FILE = "rehearsed.parquet"
_REHEARSED = "rehearsed"
"""The name of the schedule that starts once, now."""


@dataclass(frozen=True)
class QueryRun:
    """Attributes: started_by: `schedule`, or `demand` where there is none; remark: Athena's, of the rows it wrote."""

    query_id: str
    started_by: str
    remark: str

    def document(self) -> dict[str, Any]:
        """Its part of the batch in `report.json`."""
        return {
            "query_id": self.query_id,
            "started_by": self.started_by,
            "sql_was_run": False,
            "remark": self.remark,
        }


@dataclass(frozen=True)
class QueryStart:
    """How a query is rehearsed.

    Attributes:
        machine: the ARN of the state machine that runs it.
        schedule_group: of its schedule; None where it has none.
        table: the rows that its tables have.
    """

    machine: str
    schedule_group: str | None
    table: Path
    phase: PhaseLog


def make_tables(aws: EmbeddedAws, query: BatchQuery, table: Path) -> None:
    """Put the use case's rows where the settings say that the tables lie, and the tables into the Glue data catalog."""
    s3, glue = aws.client("s3"), aws.client("glue")
    known = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    for location in query.locations:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        if bucket not in known:
            s3.create_bucket(Bucket=bucket)
            known.add(bucket)
        s3.upload_file(str(table), bucket, f"{prefix}{_FILE}")
    columns = _columns(table)
    for number, (database, name) in enumerate(query.qualified_tables):
        location = query.locations[number if len(query.locations) == len(query.tables) else 0]
        storage = {"Location": location, "Columns": columns}
        made = {"Name": name, "TableType": "EXTERNAL_TABLE", "StorageDescriptor": storage}
        _unless_there(glue.create_database, DatabaseInput={"Name": database})
        _unless_there(glue.create_table, DatabaseName=database, TableInput=made)


def _columns(table: Path) -> list[dict[str, str]]:
    import pandas as pd  # noqa: PLC0415 — few rehearsals need it

    types = pd.read_parquet(table, engine="fastparquet").dtypes
    return [{"Name": str(name), "Type": "double" if type_.kind == "f" else "string"} for name, type_ in types.items()]


def _unless_there(create: Any, **request: Any) -> None:
    try:
        create(**request)
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "AlreadyExistsException":
            raise


def run_query(aws: EmbeddedAws, start: QueryStart) -> tuple[StartedScoring, QueryRun]:
    """Start the query as its schedule does, or where it has none as a person does; gives what scores its rows.

    Raises:
        LaunchError: the query failed or has no rows, or the schedule started nothing.
    """
    scheduled = ScheduledQuery(aws.client, start.machine, _POLLING)
    if start.schedule_group:
        started = scheduled.started_by(_started_by_schedule(aws, start.machine, start.schedule_group))
    else:
        started = scheduled.run(start.phase.show)
    athena = aws.client("athena")
    status = athena.get_query_execution(QueryExecutionId=started.query_id)["QueryExecution"]["Status"]
    by = "schedule" if start.schedule_group else "demand"
    run = QueryRun(started.query_id, by, status.get("StateChangeReason", ""))
    start.phase.log(f"query {run.query_id}, started by {run.started_by}: {run.remark}")
    return started, run


def _started_by_schedule(aws: EmbeddedAws, machine: str, group: str) -> str:
    """Make a schedule of the same target and role that starts once, now; gives the execution that it starts."""
    scheduler, states = aws.client("scheduler"), aws.client("stepfunctions")
    (summary,) = scheduler.list_schedules(GroupName=group)["Schedules"]
    deployed = scheduler.get_schedule(GroupName=group, Name=summary["Name"])
    if deployed["Target"]["Arn"] != machine:
        raise LaunchError(f"schedule {summary['Name']} must start {machine}, it starts {deployed['Target']['Arn']}")
    before = _executions(states, machine)
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    scheduler.create_schedule(
        Name=_REHEARSED,
        GroupName=group,
        ScheduleExpression=f"at({now})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={name: deployed["Target"][name] for name in ("Arn", "RoleArn", "Input")},
        ActionAfterCompletion="DELETE",
    )
    late = f"the schedule of {group} must start {machine}, it has started nothing in {_POLLING.timeout_seconds:g} s"
    return _POLLING.until(lambda: next(iter(_executions(states, machine) - before), None), late=late)


def _executions(states: Any, machine: str) -> set[str]:
    return {each["executionArn"] for each in states.list_executions(stateMachineArn=machine)["executions"]}
