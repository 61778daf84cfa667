"""Sends what the fleets did to CloudWatch and to the traffic log, a few times a second."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.endpoints.endpoint_metrics import metric_data
from rehearsal.endpoints.report_data import TrafficLog
from rehearsal.endpoints.router import Attempt
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.metrics import SAGEMAKER_NAMESPACE

SLOT_SECONDS = 0.25
"""Samples of one slot have its start as their time, so that none falls into a neighbouring alarm period."""

_log = logging.getLogger(__name__)
Publish = Callable[[str, Sequence[Mapping[str, Any]]], None]


class MetricPublisher:
    """One endpoint's. `record` may be called from any thread; the sending happens on one of its own."""

    def __init__(
        self, endpoint_name: str, publish: Publish, traffic: TrafficLog, kind: EndpointKind = REAL_TIME
    ) -> None:
        self._endpoint_name, self._publish, self._traffic = endpoint_name, publish, traffic
        self._kind, self._lock = kind, threading.Lock()
        self._attempts: list[tuple[float, Attempt]] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"metrics-{endpoint_name}", daemon=True)
        self._thread.start()

    def record(self, attempt: Attempt) -> None:
        at = time.time() // SLOT_SECONDS * SLOT_SECONDS
        with self._lock:
            self._attempts.append((at, attempt))

    def close(self) -> None:
        """Send what is left."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.wait(SLOT_SECONDS - time.time() % SLOT_SECONDS):
            self._send(before=time.time())
        self._send(before=float("inf"))

    def _send(self, *, before: float) -> None:
        """Publish what was recorded, and log the seconds that have ended by `before`.

        A failure is logged and must not end all later publications: alarms need them.
        """
        with self._lock:
            attempts, self._attempts = self._attempts, []
        if attempts:
            self._traffic.add([(at, attempt) for at, attempt in attempts if not attempt.is_shadows])
            try:
                self._publish(SAGEMAKER_NAMESPACE, metric_data(self._endpoint_name, attempts, self._kind))
            except Exception:  # noqa: BLE001 -- see above
                _log.exception("metrics of endpoint %s were not published", self._endpoint_name)
        try:
            self._traffic.write_before(before)
        except Exception:  # noqa: BLE001 -- see above
            _log.exception("traffic of endpoint %s was not written", self._endpoint_name)
