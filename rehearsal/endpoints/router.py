"""Requests of users → the fleets, by share. The chosen fleet's response is the user's, as on SageMaker."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rehearsal.endpoints.capture import CUSTOM_ATTRIBUTES, CapturePlan
from rehearsal.endpoints.http_client import HttpClient, NoResponseError
from rehearsal.endpoints.invocation import Invocation, InvocationRequest
from rehearsal.endpoints.round_robin import SmoothRoundRobin
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant

INVOCATION_SECONDS = 60.0
"""SageMaker's limit for a model's response."""

_MOST_COPIES = 200
"""Copies that a shadow is working on; of further ones it is too slow to answer, and each counts as no response."""

NO_RESPONSE = "the container gave no response"
"""The message of SageMaker's "server error (0)"."""


@dataclass(frozen=True)
class Attempt:
    """What one fleet did with one request. `status` is 0 where it gave no response."""

    config_name: str
    variant: str
    instances: int
    status: int
    model_us: float
    overhead_us: float
    is_shadows: bool = False
    """It was a copy: no user got the response."""

    @property
    def failed(self) -> bool:
        return self.status == 0 or self.status >= 500


Capture = Callable[[CapturePlan | None, InvocationRequest, Invocation], None]


class NoCapacityError(LookupError):
    """The chosen fleet has been scaled to no instance."""


class ThrottledError(Exception):
    """The chosen variant is serverless and works on as many requests as its MaxConcurrency allows."""


class Router:
    """One endpoint's. Choosing a fleet and counting the request is one step: no fleet is stopped during a request."""

    def __init__(
        self,
        client: HttpClient,
        record: Callable[[Attempt], None],
        *,
        capture: Capture = lambda _plan, _request, _answer: None,
        timeout_seconds: float = INVOCATION_SECONDS,
    ) -> None:
        self._client, self._record, self._capture = client, record, capture
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._choice: SmoothRoundRobin[ServingFleet] = SmoothRoundRobin([])
        self._serving: list[ServingFleet] = []
        self._copies: set[asyncio.Task[None]] = set()

    @property
    def serving(self) -> list[ServingFleet]:
        """The fleets that get requests."""
        with self._lock:
            return list(self._serving)

    def set_shares(self, shares: Sequence[tuple[ServingFleet, float]]) -> None:
        """Which fleet gets which share of the users from now on."""
        with self._lock:
            self._choice = SmoothRoundRobin(shares)
            self._serving = [fleet for fleet, share in shares if share > 0]

    async def invoke(self, request: InvocationRequest) -> Invocation:
        """Respond to `request`; no other fleet gets it when the chosen one fails.

        Raises:
            LookupError: no fleet serves, or the fleet has no such variant, or no instance.
            ThrottledError: the variant is serverless and works on as many requests as it may.
        """
        fleet = self._enter()
        try:
            attempt, answer = await self._attempt(fleet, request)
        finally:
            self._leave(fleet)
        self._record(attempt)
        self._capture(fleet.capture, request, answer)
        if shadow := fleet.sampled_shadow():
            self._copy(fleet, shadow, request)
        return answer

    def _copy(self, fleet: ServingFleet, shadow: ServingVariant, request: InvocationRequest) -> None:
        """Once the user has the response: the copy takes none of the user's time, and its failure reaches no user."""
        if len(self._copies) >= _MOST_COPIES:
            self._record(_attempt(fleet, shadow, 0, model_us=0.0, is_shadows=True))
            return
        task = asyncio.get_running_loop().create_task(self._ask_shadow(fleet, shadow, request))
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _ask_shadow(self, fleet: ServingFleet, shadow: ServingVariant, request: InvocationRequest) -> None:
        started = time.perf_counter()
        status, body, headers = await self._call(shadow, request)
        model_us = (time.perf_counter() - started) * 1e6
        self._record(_attempt(fleet, shadow, status, model_us=model_us, is_shadows=True))
        # Whether the record of a copy has the caller's inference id is not documented: it has none here.
        copied = replace(request, inference_id=None)
        self._capture(fleet.shadow_capture, copied, Invocation(status, body, headers, shadow.name, fleet.config_name))

    def _enter(self) -> ServingFleet:
        with self._lock:
            fleet = self._choice.choose()
            fleet.in_flight += 1
            return fleet

    def _leave(self, fleet: ServingFleet) -> None:
        with self._lock:
            fleet.in_flight -= 1

    async def _attempt(self, fleet: ServingFleet, request: InvocationRequest) -> tuple[Attempt, Invocation]:
        variant = fleet.choose(request.target_variant)
        if not variant.instances:
            raise NoCapacityError
        if variant.is_full:
            raise ThrottledError
        started = time.perf_counter()
        variant.in_flight += 1
        try:
            status, body, headers = await self._call(variant, request)
        finally:
            variant.in_flight -= 1
        ended = time.perf_counter()
        model_us, overhead_us = (ended - started) * 1e6, max(0.0, started - request.received) * 1e6
        attempt = _attempt(fleet, variant, status, model_us=model_us, overhead_us=overhead_us)
        return attempt, Invocation(status, body, headers, variant.name, fleet.config_name)

    async def _call(self, variant: ServingVariant, request: InvocationRequest) -> tuple[int, bytes, Mapping[str, str]]:
        headers = {"content-type": request.content_type, "accept": request.accept}
        if request.inference_id is not None:
            headers["x-amzn-sagemaker-inference-id"] = request.inference_id
        if request.custom_attributes is not None:
            headers[CUSTOM_ATTRIBUTES] = request.custom_attributes
        try:
            response = await self._client.request(
                "POST",
                f"{variant.server.url}/invocations",
                headers=headers,
                body=request.body,
                timeout_seconds=request.timeout_seconds or self._timeout_seconds,
            )
        except NoResponseError as exc:
            return 0, f"{NO_RESPONSE}: {exc}".encode(), {"content-type": "text/plain"}
        return response.status, response.body, response.headers


def _attempt(
    fleet: ServingFleet,
    variant: ServingVariant,
    status: int,
    *,
    model_us: float,
    overhead_us: float = 0.0,
    is_shadows: bool = False,
) -> Attempt:
    return Attempt(fleet.config_name, variant.name, variant.instances, status, model_us, overhead_us, is_shadows)
