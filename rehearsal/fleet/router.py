"""Requests of users → the fleets, by share; a failed canary request is answered by the old fleet."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rehearsal.fleet.capture import CUSTOM_ATTRIBUTES, CapturePlan
from rehearsal.fleet.exchange import Invocation, Request
from rehearsal.fleet.fleet import Fleet, Variant
from rehearsal.fleet.http import NoAnswerError
from rehearsal.fleet.weights import SmoothRoundRobin

INVOCATION_SECONDS = 60.0
"""SageMaker's limit for a model's answer."""

_UNAVAILABLE = 503


@dataclass(frozen=True)
class Attempt:
    """What one fleet did with one request. `status` is 0 where it gave no answer."""

    config_name: str
    variant: str
    instances: int
    status: int
    model_us: float
    overhead_us: float | None
    retried: bool
    """This answer replaced a failed one of the new fleet."""

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 500


Capture = Callable[[CapturePlan | None, Request, Invocation], None]


class Router:
    """One endpoint's. Choosing a fleet and counting the request in is one step, so none is stopped under a request."""

    def __init__(
        self,
        record: Callable[[Attempt], None],
        *,
        capture: Capture = lambda _plan, _request, _answer: None,
        timeout_seconds: float = INVOCATION_SECONDS,
    ) -> None:
        self._record, self._capture, self._timeout_seconds = record, capture, timeout_seconds
        self._lock = threading.Lock()
        self._choice: SmoothRoundRobin[Fleet] = SmoothRoundRobin([])
        self._fallback: Fleet | None = None
        self._stand_in: Fleet | None = None

    def set_shares(
        self,
        shares: Sequence[tuple[Fleet, float]],
        *,
        fallback: Fleet | None = None,
        stand_in: Fleet | None = None,
    ) -> None:
        """Who gets which share of the users from now on.

        Args:
            shares: the fleets, with what each gets.
            fallback: answers what another fleet failed to answer.
            stand_in: answers where the fallback itself gives no answer at all, because its servers are gone.
        """
        with self._lock:
            self._choice, self._fallback, self._stand_in = SmoothRoundRobin(shares), fallback, stand_in

    async def invoke(self, request: Request) -> Invocation:
        """Answer `request`.

        Raises:
            LookupError: no fleet serves, or the fleet has no such variant.
        """
        fleet = self._enter(None)
        try:
            attempt, answer = await self._attempt(fleet, request, retried=False)
        finally:
            self._leave(fleet)
        fallback = self._enter_fallback(fleet, attempt) if attempt.failed else None
        if fallback is None:
            self._record(_with_overhead(attempt, request, attempt.model_us))
            self._capture(fleet.capture, request, answer)
            return answer
        self._record(attempt)
        try:
            second, answer = await self._attempt(fallback, request, retried=True)
        finally:
            self._leave(fallback)
        self._record(_with_overhead(second, request, attempt.model_us + second.model_us))
        self._capture(fallback.capture, request, answer)
        return answer

    def _enter(self, chosen: Fleet | None) -> Fleet:
        with self._lock:
            fleet = chosen or self._choice.choose()
            fleet.in_flight += 1
            return fleet

    def _enter_fallback(self, failed: Fleet, attempt: Attempt) -> Fleet | None:
        with self._lock:
            fallback = self._fallback
            if fallback is failed and attempt.status == 0:
                fallback = self._stand_in
            if fallback is None or fallback is failed:
                return None
            fallback.in_flight += 1
            return fallback

    def _leave(self, fleet: Fleet) -> None:
        with self._lock:
            fleet.in_flight -= 1

    async def _attempt(self, fleet: Fleet, request: Request, *, retried: bool) -> tuple[Attempt, Invocation]:
        variant = fleet.choose(request.target_variant)
        started = time.perf_counter()
        status, body, headers = await self._call(variant, request)
        model_us = (time.perf_counter() - started) * 1e6
        attempt = Attempt(fleet.config_name, variant.name, variant.instances, status, model_us, None, retried)
        answer = Invocation(status or _UNAVAILABLE, body, headers, variant.name, fleet.config_name, retried)
        return attempt, answer

    async def _call(self, variant: Variant, request: Request) -> tuple[int, bytes, Mapping[str, str]]:
        if variant.client is None:
            return 0, b"the model server has ended", {"content-type": "text/plain"}
        headers = {"content-type": request.content_type, "accept": request.accept}
        if request.inference_id is not None:
            headers["x-amzn-sagemaker-inference-id"] = request.inference_id
        if request.custom_attributes is not None:
            headers[CUSTOM_ATTRIBUTES] = request.custom_attributes
        try:
            answer = await variant.client.request(
                "POST", "/invocations", headers=headers, body=request.body, timeout_seconds=self._timeout_seconds
            )
        except NoAnswerError as exc:
            return 0, f"the model gave no answer: {exc}".encode(), {"content-type": "text/plain"}
        return answer.status, answer.body, answer.headers


def _with_overhead(attempt: Attempt, request: Request, model_us: float) -> Attempt:
    overhead = max(0.0, (time.perf_counter() - request.received) * 1e6 - model_us)
    return Attempt(
        attempt.config_name,
        attempt.variant,
        attempt.instances,
        attempt.status,
        attempt.model_us,
        overhead,
        attempt.retried,
    )
