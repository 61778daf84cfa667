"""Writes what was captured to S3, on a thread of its own, so that no user waits for it."""

import logging
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence

from rehearsal.endpoints.capture import CapturedInvocation, CapturePlan
from rehearsal.endpoints.invocation import Invocation, InvocationRequest

_MOST_WAITING = 20_000
"""Invocations kept while S3 refuses them; the oldest are dropped first."""

_LONGEST_PAUSE_SECONDS, _SHORTEST_PAUSE_SECONDS = 5.0, 0.5
_FLUSH_SECONDS = 60.0

_log = logging.getLogger(__name__)
WriteObject = Callable[[str, str, bytes, str | None], None]
"""Takes bucket, key, content and the KMS key to encrypt it with."""


class CaptureLog:
    """One endpoint's. `offer` costs its caller one call of the sampler and one append."""

    def __init__(self, endpoint_name: str, write_object: WriteObject, *, speed: float) -> None:
        self._endpoint_name, self._write_object = endpoint_name, write_object
        self._pause = min(_LONGEST_PAUSE_SECONDS, max(_SHORTEST_PAUSE_SECONDS, _FLUSH_SECONDS / speed))
        self._waiting: list[CapturedInvocation] = []
        self._lock = threading.Lock()
        self._due, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def offer(self, plan: CapturePlan | None, request: InvocationRequest, answer: Invocation) -> None:
        """Take an answered request, if the plan's sample includes it."""
        if plan is None or not 200 <= answer.status < 300 or not plan.sampler.chooses():
            return
        with self._lock:
            self._waiting.append(CapturedInvocation(plan, request, answer))
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name=f"capture-{self._endpoint_name}", daemon=True)
                self._thread.start()

    def flush_soon(self) -> None:
        """Write what is waiting without the usual delay; returns at once."""
        self._due.set()

    def close(self) -> None:
        """Write what is left."""
        self._closing.set()
        self._due.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            self._due.wait(self._pause)
            self._due.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        with self._lock:
            captured, self._waiting = self._waiting, []
        for part in _files(captured):
            plan, key = part[0].plan, object_key(self._endpoint_name, part[0])
            content = "".join(f"{each.line()}\n" for each in part).encode()
            try:
                self._write_object(plan.bucket, key, content, plan.kms_key_id)
            except Exception:  # noqa: BLE001 -- capture must never end the endpoint; it is tried again
                _log.exception("captured requests of endpoint %s were not written", self._endpoint_name)
                self._keep(part)

    def _keep(self, part: Sequence[CapturedInvocation]) -> None:
        with self._lock:
            self._waiting = [*part, *self._waiting][-_MOST_WAITING:]


def _files(captured: Sequence[CapturedInvocation]) -> list[list[CapturedInvocation]]:
    """An object contains one plan's invocations with one variant in one hour."""
    files: dict[tuple[int, str, str], list[CapturedInvocation]] = defaultdict(list)
    for exchange in captured:
        files[id(exchange.plan), exchange.answer.variant, f"{exchange.at:%Y%m%d%H}"].append(exchange)
    return list(files.values())


def object_key(endpoint_name: str, first: CapturedInvocation) -> str:
    """Where SageMaker puts the object that begins with `first`."""
    at = first.at
    name = f"{at:%M-%S}-{at.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
    folder = f"{endpoint_name}/{first.answer.variant}/{at:%Y/%m/%d/%H}/{name}"
    return f"{first.plan.prefix}/{folder}" if first.plan.prefix else folder
