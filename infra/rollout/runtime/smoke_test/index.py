"""Smoke test: one plausible row through the live endpoint must come back as a probability."""

import csv
import io
import json
import tarfile
import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

ATTEMPTS = 3
_PAUSE_SECONDS = 2.0


class SmokeTestError(Exception):
    """The endpoint did not answer as the model's contract promises."""


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Invoke `EndpointName` with a row made from the contract in `Container`'s model artifact.

    Returns:
        passed, and the reason in words if it did not pass; a failed test is an answer, no error.
    """
    return smoke_test(event, s3=boto3.client("s3"), runtime=boto3.client("sagemaker-runtime"))


def smoke_test(
    event: dict[str, Any], *, s3: Any, runtime: Any, pause_seconds: float = _PAUSE_SECONDS
) -> dict[str, Any]:
    try:
        row = example_row(_contract(s3, event["Container"]))
    except (SmokeTestError, ClientError, BotoCoreError) as exc:
        return {"passed": False, "reason": str(exc)}
    reason = ""
    for attempt in range(ATTEMPTS):
        time.sleep(pause_seconds if attempt else 0)
        try:
            score = _invoke(runtime, event["EndpointName"], row)
        except (SmokeTestError, ClientError, BotoCoreError) as exc:
            reason = str(exc)
        else:
            return {"passed": True, "reason": f"the endpoint answered {score}"}
    return {"passed": False, "reason": reason[:500]}


def example_row(contract: dict[str, Any]) -> str:
    """One CSV row in the middle of the training data's values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_example(column) for column in contract["columns"]])
    return text.getvalue()


def _example(column: dict[str, Any]) -> str:
    if column["kind"] == "category":
        return str(column["categories"][0]) if column["categories"] else ""
    if column["kind"] == "boolean":
        return "false"
    low, high = column.get("min"), column.get("max")
    middle = 0.0 if low is None or high is None else (float(low) + float(high)) / 2
    if column["kind"] == "datetime":
        return (datetime(2000, 1, 1) + timedelta(days=middle)).isoformat()  # noqa: DTZ001 — days since then, in UTC
    return repr(middle) if middle else "0"


def _contract(s3: Any, container: dict[str, Any]) -> dict[str, Any]:
    url = container.get("ModelDataUrl")
    if not url:
        raise SmokeTestError("the model package must name its artifact by ModelDataUrl, got none")
    where = urlsplit(url)
    body = s3.get_object(Bucket=where.netloc, Key=where.path.lstrip("/"))["Body"].read()
    try:
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as archive:
            member = archive.extractfile("contract.json")
            if member is None:
                raise SmokeTestError(f"contract.json in {url} must be a file")
            found: dict[str, Any] = json.load(member)
    except (tarfile.TarError, KeyError, ValueError, OSError) as exc:
        raise SmokeTestError(f"{url} must be a model artifact with a contract.json: {exc}") from exc
    return found


def _invoke(runtime: Any, endpoint: str, row: str) -> float:
    response = runtime.invoke_endpoint(
        EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=row.encode()
    )
    text = response["Body"].read().decode(errors="replace").strip()
    try:
        score = float(text)
    except ValueError as exc:
        raise SmokeTestError(f"the endpoint must answer one number, got {text[:80]!r}") from exc
    if not 0 <= score <= 1:  # false for NaN too
        raise SmokeTestError(f"the score must be in 0..1, got {text}")
    return score
