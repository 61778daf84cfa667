"""An asynchronous endpoint's queue: requests wait in it for a fleet, and outlive every fleet."""

import asyncio
import logging
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.invocation import Invocation, InvocationRequest
from rehearsal.endpoints.queue_metrics import QueueMetrics
from rehearsal.endpoints.queued_request import QueuedRequest
from rehearsal.endpoints.response_notifications import failure_notice, success_notice
from rehearsal.endpoints.router import NoCapacityError, Router

_CHOSEN_CONCURRENCY = 4
"""Requests of an instance at the same time, where the endpoint config leaves the number to SageMaker."""
_PAUSE_SECONDS = 0.02
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AsyncRequest:
    """What a caller gave: an input in S3, or the body itself."""

    content_type: str
    accept: str
    input_location: str = ""
    body: bytes | None = None
    inference_id: str | None = None
    custom_attributes: str | None = None
    ttl_seconds: float = 21_600.0
    timeout_seconds: float = 900.0
    file_name: str | None = None
    path_extension: str | None = None

    def at(self, output: Mapping[str, Any]) -> QueuedRequest:
        """With the places of its response; without a failure path a failure is only published."""
        inference_id = self.inference_id or str(uuid.uuid4())
        extension = f"/{self.path_extension.strip('/')}" if self.path_extension else ""
        to, failed = output["S3OutputPath"].rstrip("/"), (output.get("S3FailurePath") or "").rstrip("/")
        return QueuedRequest(
            inference_id=inference_id,
            input_location=self.input_location,
            output_location=f"{to}{extension}/{self.file_name or f'{inference_id}.out'}",
            failure_location=f"{failed}/{inference_id}-error.out" if failed else "",
            content_type=self.content_type,
            accept=self.accept,
            custom_attributes=self.custom_attributes,
            ttl_seconds=self.ttl_seconds,
            timeout_seconds=self.timeout_seconds,
            received=time.time(),
            body=self.body,
        )


class QueueAccess(Protocol):
    """S3 and SNS as the role of an endpoint's model uses them; each call may block, and raises what boto3 raises."""

    def read(self, endpoint: str, uri: str) -> bytes: ...

    def write(self, endpoint: str, uri: str, content: bytes, kms_key_id: str | None) -> None: ...

    def notify(self, endpoint: str, topic_arn: str, message: str) -> None: ...


class RequestQueue:
    """One endpoint's. Each request is taken once: one that a fleet fails, or dies with, has failed.

    Whether SageMaker tries again is not documented.
    """

    def __init__(
        self, state: EndpointState, router: Router, access: QueueAccess, metrics: QueueMetrics, *, speed: float
    ) -> None:
        self._state, self._router, self._access, self._metrics = state, router, access, metrics
        self._speed = speed
        self._waiting: deque[QueuedRequest] = deque()
        self._working: set[asyncio.Task[None]] = set()
        self.config: Mapping[str, Any] = {}
        """AsyncInferenceConfig of the newest endpoint config."""

    def put(self, request: QueuedRequest) -> None:
        """Let it wait; may be called from any thread."""
        self._waiting.append(request)

    async def run(self) -> None:
        """Work until cancelled."""
        reporting = asyncio.create_task(self._report())
        try:
            while True:
                self._expire()
                while self._waiting and len(self._working) < self._most_at_a_time():
                    self._begin(self._waiting.popleft())
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            reporting.cancel()

    async def _report(self) -> None:
        """What is by the minute of the whole endpoint."""
        while True:
            await asyncio.sleep(max(0.25, 60 / self._speed))
            oldest = self._waiting[0].received if self._waiting else None
            age = (time.time() - oldest) * self._speed if oldest else 0.0
            backlog = len(self._waiting) + len(self._working)  # what is being processed counts
            self._metrics.publish(backlog=backlog, age_seconds=age, instances=self._instances())

    def _instances(self) -> int:
        return sum(fleet.instances for fleet in self._router.serving)

    def _most_at_a_time(self) -> int:
        client = self.config.get("ClientConfig") or {}
        return self._instances() * int(client.get("MaxConcurrentInvocationsPerInstance", _CHOSEN_CONCURRENCY))

    def _expire(self) -> None:
        now = time.time()
        while self._waiting and now - self._waiting[0].received > self._waiting[0].ttl_seconds / self._speed:
            expired = self._waiting.popleft()
            self._metrics.count("ExpiredRequests")
            self._keep(asyncio.create_task(self._fail(expired, "the request expired in the queue")))

    def _begin(self, request: QueuedRequest) -> None:
        self._keep(asyncio.create_task(self._process(request)))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _process(self, request: QueuedRequest) -> None:
        began = time.time()
        try:
            body = request.body
            if body is None:
                body = await asyncio.to_thread(self._access.read, self._state.name, request.input_location)
        except Exception as exc:  # noqa: BLE001 -- S3's and the network's: the request has failed by it
            self._metrics.count("RequestDownloadFailures")
            await self._fail(request, f"the input could not be read: {exc}")
            return
        read = time.time()
        try:
            answer = await self._router.invoke(_invocation(request, body))
        except NoCapacityError:
            self._waiting.appendleft(request)  # the chosen fleet has no instance to take it
            return
        except LookupError as exc:
            await self._fail(request, str(exc))
            return
        self._metrics.took("TimeInBacklog", (began - request.received) * self._speed * 1000)
        self._metrics.took("RequestDownloadLatency", (read - began) * 1e6)
        if not 200 <= answer.status < 300:
            await self._fail(request, answer.error_text())
            return
        await self._succeed(request, answer)
        self._metrics.took("TotalProcessingTime", (time.time() - request.received) * 1000)

    async def _succeed(self, request: QueuedRequest, answer: Invocation) -> None:
        if not await self._write(request.output_location, answer.body):
            await self._fail(request, "the response could not be written")
            return
        self._metrics.count("InvocationsProcessed")
        await self._notify("SuccessTopic", success_notice(self._state.name, request, answer))

    async def _fail(self, request: QueuedRequest, reason: str) -> None:
        self._metrics.count("InvocationsProcessed")
        self._metrics.count("InvocationFailures")
        await self._write(request.failure_location, reason.encode())
        await self._notify("ErrorTopic", failure_notice(self._state.name, request, reason))

    async def _write(self, uri: str, content: bytes) -> bool:
        if not uri:
            return False
        key, began = self._output.get("KmsKeyId"), time.time()
        try:
            await asyncio.to_thread(self._access.write, self._state.name, uri, content, key)
        except Exception:  # noqa: BLE001 -- S3's and the network's: counted, and in the log
            _log.exception("%s of endpoint %s was not written", uri, self._state.name)
            self._metrics.count("ResponseUploadFailures")
            return False
        self._metrics.took("ResponseUploadLatency", (time.time() - began) * 1e6)
        return True

    async def _notify(self, topic: str, message: str) -> None:
        arn = (self._output.get("NotificationConfig") or {}).get(topic)
        if not arn:
            return
        try:
            await asyncio.to_thread(self._access.notify, self._state.name, arn, message)
        except Exception:  # noqa: BLE001 -- SNS's and the network's: counted, and in the log
            _log.exception("a notification of endpoint %s was not published", self._state.name)
            self._metrics.count("NotificationFailures")

    @property
    def _output(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.config.get("OutputConfig") or {}
        return found


def _invocation(request: QueuedRequest, body: bytes) -> InvocationRequest:
    return InvocationRequest(
        body,
        request.content_type,
        request.accept,
        None,
        request.inference_id,
        time.perf_counter(),
        request.custom_attributes,
        timeout_seconds=request.timeout_seconds,
    )


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Of an object's `s3://` URI."""
    where = urlsplit(uri)
    return where.netloc, where.path.removeprefix("/")
