"""Metrics of the requests that the server has handled: how many, how many failed, and how long they took."""

import random
import time
from collections import deque
from http import HTTPStatus

from pipeline_steps.embedded_metrics import MAX_VALUES, MetricDatum
from pipeline_steps.server.messages import Handler, HttpRequest, Response


class RequestMetrics:
    """Wraps `handler`, and records of each invocation whether it failed and its time. Any thread may call it.

    SageMaker counts the same requests, and also those that never reach a server or wait for it; but it publishes by
    the minute, and these metrics come as often as the server publishes.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._waiting: deque[tuple[bool, float]] = deque()

    def __call__(self, request: HttpRequest) -> Response:
        """Handle `request`."""
        began = time.perf_counter()
        response = self._handler(request)
        if request.path == "/invocations":
            self._waiting.append((response.status >= HTTPStatus.BAD_REQUEST, time.perf_counter() - began))
        return response

    def take_metrics(self) -> list[MetricDatum]:
        """Give the metrics since the last call, none without a request; of many latencies a random sample."""
        new = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not new:
            return []
        sample = random.sample(new, min(len(new), MAX_VALUES))
        return [
            MetricDatum("Requests", len(new), "Count"),
            MetricDatum("Errors", sum(failed for failed, _ in new), "Count"),
            MetricDatum("Latency", [round(1e6 * seconds) for _, seconds in sample], "Microseconds"),
        ]
