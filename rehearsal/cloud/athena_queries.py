"""The embedded Athena: it checks an UNLOAD, and writes all rows of the table that the SELECT names. It runs no SQL."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloud.access.calls import Call
from rehearsal.cloud.access.platform_calls import read_catalog
from rehearsal.cloud.ministack.athena import TableReference, UnloadOutcome, UnloadRequest, table_references

ClientFactory = Callable[[str], Any]
NOT_RUN = "the SQL was not run: these are all rows of"
_HIDDEN = (".", "_")


class AthenaQueries:
    """Carries out UNLOADs with the rights of their callers.

    Args:
        client: as the laptop's own account, for the Glue data catalog.
        caller: gives the clients of who signed with an Authorization header, and what notes the calls made for it.
    """

    def __init__(
        self,
        client: ClientFactory,
        caller: Callable[[str], tuple[ClientFactory, Callable[[Iterable[Call]], None]]],
    ) -> None:
        self._client, self._caller = client, caller

    def run(self, request: UnloadRequest) -> UnloadOutcome:
        """Write the rows; the reason says whose they are."""
        if request.unload.format != "PARQUET":
            return _failed(f"NOT_SUPPORTED: the embedded Athena writes PARQUET alone, not {request.unload.format}")
        clients, note = self._caller(request.authorization)
        s3 = clients("s3")
        references = list(table_references(request.unload.select))
        tables = [(name, found) for name, found in self._tables(references, request.database, note) if found]
        if not tables:
            named = ", ".join(f"{each.database or request.database}.{each.table}" for each in references) or "no table"
            return _failed(f"TABLE_NOT_FOUND: the Glue data catalog must have a table that is named, got {named}")
        try:
            return self._write(request, s3, tables)
        except ClientError as exc:
            return _failed(f"HIVE_FILESYSTEM_ERROR: {exc}")

    def _tables(
        self, references: Iterable[TableReference], database: str, note: Callable[[Iterable[Call]], None]
    ) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
        for each in references:
            where = each.database or database
            found = self._table(where, each.table)
            note(read_catalog(where, each.table, is_partitioned=bool((found or {}).get("PartitionKeys"))))
            yield f"{where}.{each.table}", found

    def _table(self, database: str, name: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self._client("glue").get_table(DatabaseName=database, Name=name)["Table"]
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "EntityNotFoundException":
                return None
            raise
        return found

    def _write(self, request: UnloadRequest, s3: Any, tables: list[tuple[str, Mapping[str, Any]]]) -> UnloadOutcome:
        from rehearsal.cloud.parquet_rows import lower_case_rows  # noqa: PLC0415 — few rehearsals need pandas

        bucket, prefix = request.unload.target
        s3.get_bucket_location(Bucket=bucket)
        if _keys(s3, bucket, prefix):
            return _failed(
                f"HIVE_PATH_ALREADY_EXISTS: the target must be empty, got files below s3://{bucket}/{prefix}"
            )
        (name, first), *others = tables
        contents = list(_files(s3, first))
        read = sum(map(len, contents))
        for _, table in others:  # so that it shows what the caller may not read
            read += sum(map(len, _files(s3, table)))
        if rows := lower_case_rows(contents, request.unload.compression):
            key = f"{prefix}{time.strftime('%Y%m%d_%H%M%S')}_00001_{secrets.token_hex(3)}_{secrets.token_hex(16)}"
            s3.put_object(Bucket=bucket, Key=key, Body=rows)
        _note_manifest(s3, request.output_location)
        return UnloadOutcome(succeeded=True, reason=f"{NOT_RUN} {name}", bytes_read=read)


def _failed(reason: str) -> UnloadOutcome:
    return UnloadOutcome(succeeded=False, reason=reason)


def _keys(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return [str(each["Key"]) for page in pages for each in page.get("Contents", ())]


def _files(s3: Any, table: Mapping[str, Any]) -> Iterator[bytes]:
    bucket, _, prefix = str(table["StorageDescriptor"]["Location"]).removeprefix("s3://").partition("/")
    s3.get_bucket_location(Bucket=bucket)
    for key in _keys(s3, bucket, prefix):
        if not key.endswith("/") and not key.rpartition("/")[2].startswith(_HIDDEN):
            yield s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _note_manifest(s3: Any, output_location: str) -> None:
    """Athena keeps a list of what an UNLOAD wrote beside the place of its notes."""
    bucket, _, key = output_location.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=f"{key.removesuffix('.csv')}-manifest.csv", Body=b"")
