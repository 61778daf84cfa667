"""Other functions, called and waited for."""

import json
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from .run import Run

MOST_FAILED = 5
"""Polls in a row that an analysis may fail: of a canary, the one after them may still be in time for the alarm."""


class FunctionError(Exception):
    """A function that was called has failed by itself; the text is the name of its error."""


def invoke(run: Run, function: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Its response.

    Raises:
        FunctionError: it has failed.
    """
    response = run.client("lambda").invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    body: dict[str, Any] = json.loads(response["Payload"].read())
    if response.get("FunctionError"):
        raise FunctionError(str(body.get("errorType", response["FunctionError"])))
    return body


def clock(seconds: float, *, since: float, until: float) -> dict[str, Any]:
    """A wait as the canary analysis takes it: how long it was to be, and from when to when it was, in epoch seconds."""
    return {"seconds": seconds, "from": _iso(since), "to": _iso(until)}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_name(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"])
    return str(error) if isinstance(error, FunctionError) else type(error).__name__
