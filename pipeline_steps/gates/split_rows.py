"""Rows of the test split as requests, for endpoints that capture none."""

import csv
import io
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.errors import StepError
from pipeline_steps.gates.recent_requests import CapturedRequest, RecentRequests
from pipeline_steps.server.request_formats import CSV

REGISTERED_ROWS = "SLIPWAY_TEST_ROWS"
"""In the job's environment: where the candidate's package says that its test split lies."""
_WHAT = "rows of the test split"


def split_table(folder: Path, uri: str, *, bucket: str) -> str | None:
    """The table in the job's own input, or else at `uri`.

    None where no package names one, it is kept no longer, or it lies in another bucket than `bucket`: a package that
    was promoted from another account names that account's.

    Raises:
        StepError: S3 does not give it.
    """
    if folder.is_dir():
        return (folder / "data.csv").read_text(encoding="utf-8-sig")
    place = urlsplit(uri)
    return _from_s3(uri, place.netloc, place.path.removeprefix("/")) if place.netloc == bucket != "" else None


def _from_s3(uri: str, bucket: str, key: str) -> str | None:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (0.4 s, and only here)

    from pipeline_steps.aws import aws_session  # noqa: PLC0415 (likewise)

    try:
        found: Any = aws_session().client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except (ClientError, BotoCoreError) as exc:
        if isinstance(exc, ClientError) and exc.response["Error"]["Code"] == "NoSuchKey":
            return None
        raise StepError(f"the test split in {uri} cannot be read: {exc}") from exc
    return str(found.decode("utf-8-sig"))


def rows_as_requests(table: str | None, contract: Contract, *, limit: int) -> RecentRequests:
    """As many rows as there may be, each with the cells of the contract's columns in their order."""
    if table is None:
        return RecentRequests(what=f"{_WHAT}, which is not kept here")
    rows = csv.DictReader(io.StringIO(table, newline=""))
    names = [column.name for column in contract.columns]
    if missing := sorted(set(names) - set(rows.fieldnames or ())):
        return RecentRequests(what=f"{_WHAT} that have the column {missing[0]}")
    chosen = ([row[name] for name in names] for row in islice(rows, limit))
    return RecentRequests(tuple(CapturedRequest(_line(cells), CSV) for cells in chosen), what=_WHAT)


def _line(cells: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()
