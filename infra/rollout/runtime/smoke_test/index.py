"""Smoke test: one plausible row through the live endpoint must come back as a prediction that the contract allows."""

import io
import json
import os
import tarfile
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from slipway.rollout.own_server import OwnServer
from slipway.rollout.smoke_request import SmokeRequest, request_by_contract, request_to_own_server

ATTEMPTS = 3
_PAUSE_SECONDS = 2.0
_OF_THE_MODEL = ("ModelError", "NoSuchKey")
"""Codes for a container that fails, and an artifact that is gone; every other error says nothing about the model."""


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
        request = _request(s3, event, own)
    except (SmokeTestError, ClientError, BotoCoreError) as exc:
        return _failed(exc)
    failed: dict[str, Any] = {}
    for attempt in range(ATTEMPTS):
        time.sleep(pause_seconds if attempt else 0)
        try:
            body = (
                _queued(runtime, s3, event["EndpointName"], request, queue)
                if queue
                else _invoked(runtime, event, request)
            )
            answer = _checked(body, request)
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


def _request(s3: Any, event: dict[str, Any], own: OwnServer | None) -> SmokeRequest:
    """To an own server by the profile of the training data, or by the contract where the model has Slipway's."""
    if own is None:
        return request_by_contract(_contract(s3, event["Container"]))
    profile = event.get("Profile")
    found = _profile(s3, profile) if profile else _contract(s3, event["Container"])
    return request_to_own_server(own, found["columns"], profiled=bool(profile))


def _profile(s3: Any, url: str) -> dict[str, Any]:
    where = urlsplit(url)
    found: dict[str, Any] = json.load(s3.get_object(Bucket=where.netloc, Key=where.path.lstrip("/"))["Body"])
    return found


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


def _invoked(runtime: Any, event: dict[str, Any], request: SmokeRequest) -> bytes:
    response = runtime.invoke_endpoint(
        **{name: event[name] for name in ("EndpointName", "TargetVariant") if name in event},
        ContentType=request.content_type,
        Accept=request.accept,
        Body=request.body,
    )
    body: bytes = response["Body"].read()
    return body


@dataclass(frozen=True)
class InputFolder:
    """Where in S3 the requests of an asynchronous endpoint lie; the wait is shorter than the function may take."""

    place: str
    longest_seconds: float = 180.0
    poll_seconds: float = 0.5


def _queued(runtime: Any, s3: Any, endpoint: str, request: SmokeRequest, queue: InputFolder) -> bytes:
    """Put the request into S3, and wait for its response there.

    Raises:
        SmokeTestError: the model gave none.
        NotInTimeError: there is none in time, as where no instance has started yet.
    """
    place = urlsplit(f"{queue.place}/smoke-test/{uuid.uuid4()}")
    s3.put_object(Bucket=place.netloc, Key=place.path.lstrip("/"), Body=request.body)
    accepted = runtime.invoke_endpoint_async(
        EndpointName=endpoint,
        ContentType=request.content_type,
        Accept=request.accept,
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


def _checked(body: bytes, request: SmokeRequest) -> str:
    if problem := request.problem(body):
        raise SmokeTestError(problem)
    return body.decode(errors="replace").strip()
