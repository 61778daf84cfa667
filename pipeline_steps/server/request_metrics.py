"""What the server has answered: how many requests, how many in vain, and how long they took."""

import random
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus

from pipeline_steps.embedded_metrics import MOST_VALUES, Metric
from pipeline_steps.server.messages import Request, Response

Answer = Callable[[Request], Response]


class Answers:
    """Answers by `answer`, and keeps of each invocation whether it failed and its time. Any thread may call it.

    SageMaker counts the same requests, and also those that never reach a server or wait for it; but it tells them by
    the minute, and this is told as often as the server publishes.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._waiting: deque[tuple[bool, float]] = deque()

    def __call__(self, request: Request) -> Response:
        """Answer `request`."""
        began = time.perf_counter()
        response = self._answer(request)
        if request.path == "/invocations":
            self._waiting.append((response.status >= HTTPStatus.BAD_REQUEST, time.perf_counter() - began))
        return response

    def take_metrics(self) -> list[Metric]:
        """Give what was answered since the last call; of many latencies a random sample. Nothing where nothing came."""
        new = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if not new:
            return []
        sample = random.sample(new, min(len(new), MOST_VALUES))
        return [
            Metric("Requests", len(new), "Count"),
            Metric("Errors", sum(failed for failed, _ in new), "Count"),
            Metric("Latency", [round(1e6 * seconds) for _, seconds in sample], "Microseconds"),
        ]
