"""Invocations at the front door."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest

from rehearsal.access_key import AccessKey
from rehearsal.cloud.admission import Admission
from rehearsal.cloud.gateway import Gateway
from rehearsal.endpoints.invocation import Invocation
from rehearsal.endpoints.queued_request import QueuedRequest
from rehearsal.endpoints.request_queue import AsyncRequest
from rehearsal.endpoints.router import ThrottledError
from slipway.settings.limits import MOST_REQUEST_BYTES

KEY = AccessKey.random()


class Door:
    """A gateway before a fleet that answers what the test says, and an emulator that notes what it gets."""

    def __init__(self, status: int = 200, body: bytes = b"0.5\n") -> None:
        self.answer = Invocation(status, body, {"content-type": "text/csv"}, "primary", "config")
        self.queued: list[AsyncRequest] = []
        self.asked: list[tuple[str, bytes, dict[str, Any]]] = []
        self.passed: list[str] = []
        self.started = 0
        admission = Admission(KEY, lambda _: None, port=1)
        self.gateway = Gateway(self._emulator, self._invoke, self._enqueue, admission=admission, started=self._start)

    def _start(self) -> None:
        self.started += 1

    async def _emulator(self, scope: Any, _receive: Any, send: Any) -> None:
        self.passed.append(scope.get("path", scope["type"]))
        if scope["type"] == "lifespan":
            await send({"type": "lifespan.startup.complete"})

    async def _invoke(self, endpoint: str, body: bytes, **named: Any) -> Any:
        self.asked.append((endpoint, body, named))
        if endpoint == "none":
            raise LookupError(endpoint)
        if endpoint == "full":
            raise ThrottledError
        return self.answer

    def _enqueue(self, endpoint: str, request: AsyncRequest) -> QueuedRequest:
        if endpoint == "none":
            raise LookupError(endpoint)
        if endpoint == "real-time":
            raise ValueError("endpoint real-time has no AsyncInferenceConfig")
        self.queued.append(request)
        return request.at({"S3OutputPath": "s3://out/responses/", "S3FailurePath": "s3://out/failures"})

    def post(
        self, path: str, *parts: bytes, headers: dict[str, str] | None = None, whole: bool = True
    ) -> tuple[int, dict[str, str], bytes]:
        sent: list[dict[str, Any]] = []
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": not whole or i + 1 < len(parts)}
            for i, part in enumerate(parts)
        ]

        async def receive() -> dict[str, Any]:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        given = KEY.signed("POST", f"http://127.0.0.1:1{path}", service="sagemaker", body=b"".join(parts))
        # A header that the caller does not sign may be added.
        given |= {"Host": "127.0.0.1:1", **(headers or {})}
        wire = [(k.lower().encode(), v.encode()) for k, v in given.items()]
        scope = {"type": "http", "method": "POST", "path": path, "headers": wire}
        asyncio.run(self.gateway(scope, receive, send))
        if not sent:
            return 0, {}, b""
        found = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], found, sent[1]["body"]


def test_a_success_is_passed_on_with_the_variant_that_gave_it() -> None:
    door = Door()
    status, headers, body = door.post("/endpoints/shop/invocations", b"1,", b"2", headers={"Content-Type": "text/csv"})
    assert (status, body) == (200, b"0.5\n")
    assert (headers["content-type"], headers["x-amzn-invoked-production-variant"]) == ("text/csv", "primary")
    endpoint, sent, named = door.asked[0]
    assert (endpoint, sent, named["content_type"]) == ("shop", b"1,2", "text/csv")


def test_headers_of_the_runtime_api_are_handed_over_and_the_models_attributes_come_back() -> None:
    door = Door()
    attributes = {"x-amzn-sagemaker-custom-attributes": "model_package=arn:1"}
    door.answer = replace(door.answer, headers={**door.answer.headers, **attributes})
    sent = {"target_variant": "v", "inference_id": "visit-7", "custom_attributes": "trace=1"}
    named = {f"X-Amzn-SageMaker-{name.replace('_', '-').title()}": value for name, value in sent.items()}
    _, headers, _ = door.post("/endpoints/shop/invocations", b"", headers={**named, "Accept": "text/csv"})
    assert door.asked[0][2].items() >= {**sent, "accept": "text/csv"}.items()
    assert headers["x-amzn-sagemaker-custom-attributes"] == "model_package=arn:1"


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("Inference-Id", "i" * 65, "at 'inferenceId' failed to satisfy constraint: Member must have length less"),
        (
            "Custom-Attributes",
            "a" * 1025,
            "at 'customAttributes' failed to satisfy constraint: Member must have length",
        ),
        ("Inference-Id", "visit-\xe9", "at 'inferenceId' failed to satisfy constraint: Member must satisfy regular"),
        ("Custom-Attributes", "a=\xe9", "at 'customAttributes' failed to satisfy constraint: Member must satisfy"),
        (
            "Target-Variant",
            "no variant",
            "at 'targetVariant' failed to satisfy constraint: Member must satisfy regular",
        ),
    ],
)
def test_headers_beyond_the_apis_limits_never_reach_a_fleet(header: str, value: str, reason: str) -> None:
    door = Door()
    status, _, body = door.post("/endpoints/shop/invocations", b"", headers={f"X-Amzn-SageMaker-{header}": value})
    assert status == 400
    assert reason in json.loads(body)["Message"]
    assert door.asked == []


@pytest.mark.parametrize(("original", "message"), [(500, "broken"), (0, "no response")])
def test_a_container_that_failed_or_gave_no_response_is_a_model_error(original: int, message: str) -> None:
    status, headers, body = Door(status=original, body=message.encode()).post("/endpoints/shop/invocations", b"")
    reported = json.loads(body)
    assert (status, headers["x-amzn-errortype"]) == (424, "ModelError")
    assert (reported["OriginalStatusCode"], reported["OriginalMessage"]) == (original, message)
    assert reported["Message"] == f'Received server error ({original}) from primary with message "{message}".'


def test_an_unknown_endpoint_is_a_validation_error() -> None:
    status, headers, body = Door().post("/endpoints/none/invocations", b"")
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationError")
    assert json.loads(body)["Message"] == "Endpoint none of account 000000000000 not found."


def test_a_request_beyond_a_serverless_endpoints_concurrency_is_throttled() -> None:
    status, headers, _ = Door().post("/endpoints/full/invocations", b"")
    assert (status, headers["x-amzn-errortype"]) == (429, "ThrottlingException")


def test_a_body_beyond_sagemakers_limit_never_reaches_a_fleet() -> None:
    door, whole = Door(), b"x" * (MOST_REQUEST_BYTES - 1)
    assert door.post("/endpoints/shop/invocations", whole, b"xx")[0] == 413
    assert door.asked == []
    assert door.post("/endpoints/shop/invocations", whole, b"x")[0] == 200


def test_a_model_is_not_asked_with_a_body_that_was_cut_off() -> None:
    door = Door()
    assert door.post("/endpoints/shop/invocations", b"1,", b"2", whole=False) == (0, {}, b"")
    assert door.asked == []


def test_everything_else_is_the_emulators() -> None:
    door = Door()
    door.post("/bucket/endpoints/shop/invocations", b"")
    assert door.passed == ["/bucket/endpoints/shop/invocations"]


def test_it_tells_when_the_emulator_is_up() -> None:
    door = Door()

    async def send(_message: dict[str, Any]) -> None:
        assert door.started == 0

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    asyncio.run(door.gateway({"type": "lifespan"}, receive, send))
    assert door.started == 1


QUEUE = "/endpoints/shop/async-invocations"
INPUT = {"X-Amzn-SageMaker-InputLocation": "s3://in/1.csv"}


def test_an_asynchronous_request_is_accepted_with_the_places_of_its_response_and_failure() -> None:
    door = Door()
    asked = {"X-Amzn-SageMaker-Inference-Id": "one", "X-Amzn-SageMaker-RequestTTLSeconds": "60"}
    status, headers, body = door.post(QUEUE, b"", headers={**INPUT, **asked})
    assert (status, json.loads(body)) == (202, {"InferenceId": "one"})
    assert headers["x-amzn-sagemaker-outputlocation"] == "s3://out/responses/one.out"
    assert headers["x-amzn-sagemaker-failurelocation"] == "s3://out/failures/one-error.out"
    (request,) = door.queued
    assert (request.input_location, request.body, request.ttl_seconds, request.timeout_seconds) == (
        "s3://in/1.csv",
        None,
        60,
        900,
    )


@pytest.mark.parametrize(
    ("path", "body", "headers", "message"),
    [
        (QUEUE, b"", {}, "exactly one of InputLocation and Body must be given, got none"),
        (QUEUE, b"1", INPUT, "exactly one of InputLocation and Body must be given, got both"),
        (QUEUE, b"", {**INPUT, "X-Amzn-SageMaker-RequestTTLSeconds": "59"}, "requestTTLSeconds"),
        (QUEUE, b"", {"X-Amzn-SageMaker-InputLocation": "1.csv"}, "inputLocation"),
        ("/endpoints/none/async-invocations", b"1", {}, "not found"),
        ("/endpoints/real-time/async-invocations", b"1", {}, "has no AsyncInferenceConfig"),
    ],
)
def test_what_sagemaker_does_not_queue_is_refused(
    path: str, body: bytes, headers: dict[str, str], message: str
) -> None:
    door = Door()
    status, _, answer = door.post(path, body, headers=headers)
    assert (status, door.queued) == (400, [])
    assert message in json.loads(answer)["message"]


def test_a_body_in_the_request_has_at_most_128_000_bytes() -> None:
    status, _, _ = Door().post(QUEUE, b"1" * 128_001)
    assert status == 413
