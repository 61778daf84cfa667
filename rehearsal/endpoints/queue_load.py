"""The users of an asynchronous endpoint: requests that lie in S3, and a look there for their responses."""

import itertools
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from rehearsal.access_key import AccessKey
from rehearsal.endpoints.http_client import HttpClient, NoResponseError
from rehearsal.endpoints.load_generator import RESPONSE_SECONDS, LoadGenerator
from slipway.endpoint_kinds.asynchronous import FAILURE_PREFIX, INPUT_PREFIX, OUTPUT_PREFIX

_ACCEPTED = 202
_POLL_SECONDS = 0.4
_MOST_INPUTS = 400
"""Objects that are put into S3 before the first request; each is asked for several times."""


class QueueLoad(LoadGenerator):
    """Puts some hundred bodies into S3 and asks for them in turn; a request is answered when its object is there.

    One that has neither a response nor a failure when the users have gone, and some time after, was dropped.
    """

    def __init__(
        self,
        endpoint_url: str,
        endpoint_name: str,
        bodies: Sequence[bytes],
        content_type: str,
        rate_per_second: float,
        *,
        key: AccessKey,
        s3: Any,
        bucket: str,
        accept: str = "text/csv",
        patience_seconds: float = RESPONSE_SECONDS,
    ) -> None:
        self._patience_seconds = patience_seconds
        self._run_id, self._numbers = f"users-{uuid.uuid4().hex[:8]}", itertools.count()
        chosen = bodies[:: max(1, len(bodies) // _MOST_INPUTS)]
        self._inputs = {f"{INPUT_PREFIX}/{self._run_id}/{number}": body for number, body in enumerate(chosen)}
        super().__init__(
            endpoint_url,
            endpoint_name,
            [f"s3://{bucket}/{name}".encode() for name in self._inputs],
            content_type,
            rate_per_second,
            key=key,
            accept=accept,
        )
        self._url = f"{endpoint_url}/endpoints/{endpoint_name}/async-invocations"
        self._headers = {"x-amzn-sagemaker-content-type": content_type, "x-amzn-sagemaker-accept": accept}
        self._s3, self._bucket, self._content_type = s3, bucket, content_type
        self._pending: dict[str, float] = {}
        self._ended = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Begin, unless it has begun already."""
        if self._watcher is None:
            for name, body in self._inputs.items():
                self._s3.put_object(Bucket=self._bucket, Key=name, Body=body, ContentType=self._content_type)
            self._ended.clear()
            self._watcher = threading.Thread(target=self._watch, name="responses", daemon=True)
            self._watcher.start()
        super().start()

    def stop(self) -> None:
        """Send no more; returns when every request has its response or was given up."""
        super().stop()
        if self._watcher is None:
            return
        deadline = time.monotonic() + self._patience_seconds
        while self._pending and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self._ended.set()
        self._watcher.join()
        self._watcher = None
        with self._lock:
            self._dropped += len(self._pending)
            self._pending.clear()

    async def _send(self, client: HttpClient, body: bytes) -> None:
        name = f"{self._run_id}-{next(self._numbers):09d}"
        asked = {"x-amzn-sagemaker-inputlocation": body.decode(), "x-amzn-sagemaker-inference-id": name}
        headers = self._key.signed("POST", self._url, service="sagemaker", headers={**self._headers, **asked}, body=b"")
        with self._lock:
            self._pending[name] = time.perf_counter()
        try:
            response = await client.request(
                "POST", self._url, headers=headers, body=b"", timeout_seconds=RESPONSE_SECONDS
            )
        except NoResponseError:
            self._count(name, "_dropped")
            return
        if response.status != _ACCEPTED:
            self._count(name, "_failed")

    def _count(self, name: str, counter: str) -> None:
        with self._lock:
            began = self._pending.pop(name, None)
            if began is None:
                return
            setattr(self, counter, getattr(self, counter) + 1)
            self._latencies_us.append(round((time.perf_counter() - began) * 1e6))

    def _watch(self) -> None:
        while not self._ended.wait(_POLL_SECONDS):
            self._look()
        self._look()

    def _look(self) -> None:
        with self._lock:
            oldest = min(self._pending, default=None)
        if oldest is None:
            return
        for prefix, ending, counter in (
            (OUTPUT_PREFIX, ".out", "_answered"),
            (FAILURE_PREFIX, "-error.out", "_failed"),
        ):
            folder = f"{prefix}/{self._run_id}"
            # What comes after a key that begins with the oldest's name, less its last character, includes the oldest.
            after = f"{prefix}/{oldest[:-1]}"
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=folder, StartAfter=after
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    self._count(found["Key"].removeprefix(f"{prefix}/").removesuffix(ending), counter)
