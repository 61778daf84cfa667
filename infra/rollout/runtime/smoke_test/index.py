"""Smoke test: one plausible row through the live endpoint must come back as a prediction that the contract allows."""

import csv
import io
import json
import math
import os
import tarfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from slipway.rollout.own_server import CSV, OwnServer

ATTEMPTS = 3
_PAUSE_SECONDS = 2.0
_OF_THE_MODEL = ("ModelError", "NoSuchKey")
"""Codes for a container that fails, and an artifact that is gone; every other refusal says nothing about the model."""
_FLAGS = ("true", "false")
_LABELLED = ("scores",)
"""The outputs whose line begins with a label."""

_RANGES = {"score": (0.0, 1.0), "scores": (0.0, 1.0), "distances": (0.0, math.inf)}
"""Least and greatest number of an answer, by the name of the model's output; any finite number of others."""


class NotInTimeError(Exception):
    """The endpoint has not worked on the request, which says nothing about the model."""


class SmokeTestError(Exception):
    """The endpoint did not answer as the model's contract promises."""


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Invoke `EndpointName` with a row made from the contract in `Container`'s model artifact.

    `TargetVariant`, where it is given, responds whatever its weight is.

    Returns:
        passed, ran (False where AWS refused a call, which says nothing about the model) and the reason in words.
    """
    own = OwnServer.from_json(os.environ["OWN_SERVER"]) if os.environ.get("OWN_SERVER") else None
    queue = InputFolder(os.environ["REQUESTS"]) if os.environ.get("REQUESTS") else None
    s3, runtime = boto3.client("s3"), boto3.client("sagemaker-runtime")
    return smoke_test(event, s3=s3, runtime=runtime, own=own, queue=queue)


def smoke_test(
    event: dict[str, Any],
    *,
    s3: Any,
    runtime: Any,
    own: OwnServer | None = None,
    queue: "InputFolder | None" = None,
    pause_seconds: float = _PAUSE_SECONDS,
) -> dict[str, Any]:
    """Test the endpoint.

    Args:
        event: see `handler`.
        s3: a client.
        runtime: a client.
        own: the user's own server, whose model may have no contract.
        queue: of an asynchronous endpoint; without it the endpoint responds at once.
        pause_seconds: before another attempt.
    """
    try:
        question = _of_own_server(s3, event, own) if own else _of_slipways_server(s3, event)
    except (SmokeTestError, ClientError, BotoCoreError) as exc:
        return _failed(exc)
    failed: dict[str, Any] = {}
    for attempt in range(ATTEMPTS):
        time.sleep(pause_seconds if attempt else 0)
        try:
            body = (
                _queued(runtime, s3, event["EndpointName"], question, queue)
                if queue
                else _invoked(runtime, event, question)
            )
            answer = _checked(body, question)
        except NotInTimeError as exc:
            return _failed(exc)  # the time is over
        except (SmokeTestError, ClientError, BotoCoreError) as exc:
            failed = _failed(exc)
        else:
            return {"passed": True, "ran": True, "reason": f"the endpoint answered {answer[:80]}"}
    return failed


def _failed(error: Exception) -> dict[str, Any]:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    is_models = isinstance(error, SmokeTestError | ReadTimeoutError) or code in _OF_THE_MODEL
    return {"passed": False, "ran": is_models, "reason": str(error)[:500]}


@dataclass(frozen=True)
class Question:
    """A request, and what is wrong with an answer to it ("" for nothing)."""

    body: bytes
    content_type: str
    accept: str
    problem: Callable[[bytes], str]


def _of_slipways_server(s3: Any, event: dict[str, Any]) -> Question:
    contract = _contract(s3, event["Container"])
    return Question(
        example_row(contract).encode(), CSV, CSV, lambda body: _problem(body.decode(errors="replace").strip(), contract)
    )


def _of_own_server(s3: Any, event: dict[str, Any], own: OwnServer) -> Question:
    """A typical row by the profile of the training data, or else by the contract where the model has Slipway's."""
    if profile := event.get("Profile"):
        columns = _profile(s3, profile)["columns"]
        cells = [_typical(column) for column in columns]
    else:
        columns = _contract(s3, event["Container"])["columns"]
        cells = [_example(column) for column in columns]
    kinds = {column["name"]: column["kind"] for column in columns}

    def problem(body: bytes) -> str:
        try:
            own.numbers(body)
        except ValueError as exc:
            return str(exc)
        return ""

    return Question(own.body(kinds, cells), own.content_type, own.response_type, problem)


def _profile(s3: Any, url: str) -> dict[str, Any]:
    where = urlsplit(url)
    found: dict[str, Any] = json.load(s3.get_object(Bucket=where.netloc, Key=where.path.lstrip("/"))["Body"])
    return found


def _typical(column: dict[str, Any]) -> str:
    """The most frequent category, or the median as a cell of the column has it."""
    if column["kind"] == "category":
        return str(column["top"][0]["value"]) if column.get("top") else ""
    median = column.get("median")
    return _example({"kind": column["kind"], "min": median, "max": median})


def example_row(contract: dict[str, Any]) -> str:
    """One CSV row in the middle of the training data's values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_example(column) for column in contract["columns"]])
    return text.getvalue()


def _example(column: dict[str, Any]) -> str:
    if column["kind"] == "category":
        return str(column["categories"][0]) if column["categories"] else ""
    if column["kind"] == "text":
        return "some words of a text"
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


def _invoked(runtime: Any, event: dict[str, Any], question: Question) -> bytes:
    response = runtime.invoke_endpoint(
        **{name: event[name] for name in ("EndpointName", "TargetVariant") if name in event},
        ContentType=question.content_type,
        Accept=question.accept,
        Body=question.body,
    )
    body: bytes = response["Body"].read()
    return body


@dataclass(frozen=True)
class InputFolder:
    """Where in S3 the requests of an asynchronous endpoint lie; the wait is shorter than the function may take."""

    place: str
    longest_seconds: float = 180.0
    poll_seconds: float = 0.5


def _queued(runtime: Any, s3: Any, endpoint: str, question: Question, queue: InputFolder) -> bytes:
    """Put the request into S3, and wait for its response there.

    Raises:
        SmokeTestError: the model gave none.
        NotInTimeError: there is none in time, as where no instance has started yet.
    """
    place = urlsplit(f"{queue.place}/smoke-test/{uuid.uuid4()}")
    s3.put_object(Bucket=place.netloc, Key=place.path.lstrip("/"), Body=question.body)
    accepted = runtime.invoke_endpoint_async(
        EndpointName=endpoint,
        ContentType=question.content_type,
        Accept=question.accept,
        InputLocation=place.geturl(),
        InvocationTimeoutSeconds=60,
    )
    deadline = time.monotonic() + queue.longest_seconds
    while time.monotonic() < deadline:
        if (body := _found(s3, accepted["OutputLocation"])) is not None:
            return body
        if (failure := _found(s3, accepted["FailureLocation"])) is not None:
            raise SmokeTestError(failure.decode(errors="replace"))
        time.sleep(queue.poll_seconds)
    raise NotInTimeError(f"the queue gave no response within {queue.longest_seconds:g} s")


def _found(s3: Any, location: str) -> bytes | None:
    place = urlsplit(location)
    try:
        body: bytes = s3.get_object(Bucket=place.netloc, Key=place.path.lstrip("/"))["Body"].read()
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return body


def _checked(body: bytes, question: Question) -> str:
    if problem := question.problem(body):
        raise SmokeTestError(problem)
    return body.decode(errors="replace").strip()


def _problem(text: str, contract: dict[str, Any]) -> str:
    """What is wrong with the answer to one row; empty if it is a prediction of this contract."""
    output, classes = contract["output"]["name"], contract.get("classes") or ()
    lines = list(csv.reader(io.StringIO(text)))
    cells = lines[0] if len(lines) == 1 else []
    if output in _LABELLED and cells:
        if cells[0] not in classes:
            return f"the label must be one of the contract's {len(classes)}, got {cells[0][:80]!r}"
        cells = cells[1:]
    try:
        numbers = [float(cell) for cell in cells if cell not in _FLAGS]
    except ValueError:
        numbers = []
    if not numbers:
        return f"the endpoint must answer one line of numbers, got {text[:80]!r}"
    low, high = _RANGES.get(output, (-math.inf, math.inf))
    if not all(low <= number <= high and math.isfinite(number) for number in numbers):
        return f"the {output} must be in {low:g}..{high:g}, got {text[:80]}"
    return ""
