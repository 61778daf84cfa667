"""A query's result as Parquet files in S3, by Athena's UNLOAD, with the rights of the person who runs it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from slipway.errors import InputError, LaunchError
from slipway.operations.polling import Polling
from slipway.settings.batch_query import DEFAULT_WORKGROUP, select_text
from slipway.training.unload import unload_statement

_POLLING = Polling(longest_wait_seconds=5.0)
_UNDER_WAY = ("QUEUED", "RUNNING")


@dataclass(frozen=True)
class AthenaQuery:
    """A SELECT over the tables of one database.

    Attributes:
        sql: without a semicolon at its end.
        database: of the Glue data catalog, for tables that are named without one.
        workgroup: that it runs and is billed in.
    """

    sql: str
    database: str
    workgroup: str = DEFAULT_WORKGROUP

    @classmethod
    def of(cls, sql: str, *, database: str | None, workgroup: str | None) -> Self:
        """From the command line.

        Raises:
            InputError: there is no database, or the text is no SELECT; Athena checks the rest.
        """
        try:
            text = select_text(sql)
        except ValueError as exc:
            raise InputError(f"--query {exc}") from exc
        if not database:
            raise InputError("--database must name the database of the query's tables, got none")
        return cls(text, database, workgroup or DEFAULT_WORKGROUP)

    def unload(
        self,
        client: Callable[[str], Any],
        target: str,
        *,
        results: str,
        report: Callable[[str], object],
        polling: Polling = _POLLING,
    ) -> None:
        """Write the rows below `target`, where nothing may lie yet; what is interrupted is stopped in Athena too.

        Args:
            client: gives a boto3 client of a service.
            target: an address in S3 that ends with a slash.
            results: where Athena writes what it notes about the query, if the workgroup leaves that to its users.
            report: gets what is read on the way.
            polling: how often the query is asked for.

        Raises:
            LaunchError: Athena refused or failed the query, or it has no rows.
        """
        athena = client("athena")
        id_ = athena.start_query_execution(
            QueryString=unload_statement(self.sql, target),
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": results},
            WorkGroup=self.workgroup,
        )["QueryExecutionId"]
        report(f"query {id_} runs in workgroup {self.workgroup}, and writes its rows to {target}")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
            return None if found["Status"]["State"] in _UNDER_WAY else found

        try:
            found = polling.until(ended, late="")
        except KeyboardInterrupt:
            athena.stop_query_execution(QueryExecutionId=id_)
            raise
        status = found["Status"]
        if status["State"] != "SUCCEEDED":
            reason = status.get("StateChangeReason") or "Athena gives no reason"
            raise LaunchError(f"query {id_} ended {status['State']}: {reason}")
        report(f"query {id_} has read {found.get('Statistics', {}).get('DataScannedInBytes', 0):,} bytes")
        if remark := status.get("StateChangeReason"):
            report(f"query {id_}: {remark}")
        place = urlsplit(target, allow_fragments=False)
        listed = client("s3").list_objects_v2(Bucket=place.netloc, Prefix=place.path.lstrip("/"), MaxKeys=1)
        if not listed.get("Contents"):
            raise LaunchError(f"query {id_} has no rows: nothing lies below {target}, and nothing is scored")
