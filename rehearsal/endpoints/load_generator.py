"""The users of an endpoint: requests at a given rate, whether or not the endpoint keeps up."""

import asyncio
import itertools
import random
import threading
import time
import uuid
from array import array
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

from rehearsal.access_key import AccessKey
from rehearsal.endpoints.http_client import HttpClient, HttpResponse, NoResponseError

RESPONSE_SECONDS = 30.0
MOST_IN_FLIGHT = 256
MOST_RETRIES, _THROTTLED = 4, 429
"""A request that is throttled is sent again, as by the AWS SDKs: after a random pause whose limit doubles."""
_RECENT = 2000
OnResponse = Callable[[str, str], None]
"""Takes the inference id of a request that was answered, and the variant that responded."""


@dataclass(frozen=True)
class LoadSnapshot:
    """Requests so far; each one sent and ended is counted once, as answered, failed or dropped."""

    sent: int = 0
    not_sent: int = 0
    """They were due, but too many requests were waiting for their responses."""
    answered: int = 0
    """Responses with 2XX."""
    failed: int = 0
    """Other responses."""
    dropped: int = 0
    """No response: refused, cut off or too late."""
    p50_us: int = 0
    p99_us: int = 0
    """Latencies of the most recent responses, as the user measures them."""

    @property
    def in_flight(self) -> int:
        return self.sent - self.answered - self.failed - self.dropped

    def since(self, earlier: "LoadSnapshot") -> "LoadSnapshot":
        """The counts between two snapshots; latencies are of the later one."""
        counts = {name: getattr(self, name) - getattr(earlier, name) for name in _COUNTS}
        return LoadSnapshot(**counts, p50_us=self.p50_us, p99_us=self.p99_us)


@dataclass(frozen=True)
class Promptness:
    """How well the generator kept to its rate; requests are late where this machine is overloaded.

    Attributes:
        due: requests that were to be sent.
        not_sent: of these.
        late_p99_ms: how much later than due the others began, at the 99th percentile.
    """

    due: int
    not_sent: int
    late_p99_ms: float

    @property
    def share_not_sent(self) -> float:
        return self.not_sent / self.due if self.due else 0.0


_COUNTS = tuple(field.name for field in fields(LoadSnapshot) if not field.name.endswith("_us"))


class LoadGenerator:
    """An open loop: request k is sent k/rate seconds after the start, however slow the responses are.

    Args:
        endpoint_url: of the AWS endpoint, plain HTTP on the loopback interface.
        endpoint_name: the endpoint.
        bodies: of the requests, one after the other, again and again.
        content_type: of the bodies.
        rate_per_second: requests a second.
        key: by which requests are signed.
        accept: the content type of the responses.
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
        accept: str = "text/csv",
    ) -> None:
        if not bodies or rate_per_second <= 0:
            raise ValueError(
                f"traffic needs a body and a rate above 0, got {len(bodies)} bodies at {rate_per_second:g}/s"
            )
        self._key, self._url = key, f"{endpoint_url}/endpoints/{endpoint_name}/invocations"
        self._headers = {"content-type": content_type, "accept": accept}
        self._bodies, self._rate = bodies, rate_per_second
        self._lock = threading.Lock()
        self._sent = self._not_sent = self._answered = self._failed = self._dropped = 0
        self._late_seconds = array("d")
        self._latencies_us: deque[int] = deque(maxlen=_RECENT)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._on_response: OnResponse | None = None

    def start(self) -> None:
        """Begin, unless it has begun already."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="users", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Send no more; returns when every request has its response or was given up."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def report_responses(self, on_response: OnResponse | None) -> None:
        """From now on requests have inference ids, and each response is reported; None: no more."""
        self._on_response = on_response

    def snapshot(self) -> LoadSnapshot:
        with self._lock:
            latencies = sorted(self._latencies_us)
            counts = self._sent, self._not_sent, self._answered, self._failed, self._dropped
        if not latencies:
            return LoadSnapshot(*counts)
        last = len(latencies) - 1
        return LoadSnapshot(*counts, p50_us=latencies[last // 2], p99_us=latencies[int(last * 0.99)])

    def promptness(self, since: LoadSnapshot) -> Promptness:
        """Of the requests that have become due after `since`."""
        with self._lock:
            late = sorted(self._late_seconds[since.sent :])
            not_sent = self._not_sent - since.not_sent
        p99 = late[int((len(late) - 1) * 0.99)] if late else 0.0
        return Promptness(due=len(late) + not_sent, not_sent=not_sent, late_p99_ms=round(p99 * 1000, 1))

    async def _run(self) -> None:
        client = HttpClient()
        waiting: set[asyncio.Task[None]] = set()
        began = time.monotonic()
        for number in itertools.count():
            pause = began + number / self._rate - time.monotonic()
            # Stopping is checked between any two requests, and twenty times a second where they are rarer.
            while pause > 0 and not self._stopping.is_set():
                await asyncio.sleep(min(pause, 0.05))
                pause = began + number / self._rate - time.monotonic()
            if self._stopping.is_set():
                break
            self._begin(client, self._bodies[number % len(self._bodies)], waiting, late_seconds=-pause)
        await asyncio.gather(*waiting)
        await client.close()

    def _begin(
        self, client: HttpClient, body: bytes, waiting: "set[asyncio.Task[None]]", *, late_seconds: float
    ) -> None:
        with self._lock:
            if len(waiting) >= MOST_IN_FLIGHT:
                self._not_sent += 1
                return
            self._sent += 1
            self._late_seconds.append(late_seconds)
        task = asyncio.create_task(self._send(client, body))
        waiting.add(task)
        task.add_done_callback(waiting.discard)

    async def _send(self, client: HttpClient, body: bytes) -> None:
        own, on_response = dict(self._headers), self._on_response
        if on_response:
            own["x-amzn-sagemaker-inference-id"] = inference_id = str(uuid.uuid4())
        began = time.perf_counter()
        try:
            response = await self._response(client, own, body)
        except NoResponseError:
            with self._lock:
                self._dropped += 1
            return
        with self._lock:
            self._latencies_us.append(round((time.perf_counter() - began) * 1e6))
            if 200 <= response.status < 300:
                self._answered += 1
            else:
                self._failed += 1
        if on_response and 200 <= response.status < 300:
            on_response(inference_id, response.headers.get("x-amzn-invoked-production-variant", ""))

    async def _response(self, client: HttpClient, own: dict[str, str], body: bytes) -> HttpResponse:
        for retry in itertools.count():
            headers = self._key.signed("POST", self._url, service="sagemaker", headers=own, body=body)
            response = await client.request(
                "POST", self._url, headers=headers, body=body, timeout_seconds=RESPONSE_SECONDS
            )
            if response.status != _THROTTLED or retry == MOST_RETRIES:
                break
            await asyncio.sleep(random.random() * 2**retry)  # noqa: S311 (no secret)
        return response
