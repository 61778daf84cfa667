"""One endpoint: created, updated behind its guardrails, deleted."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rehearsal.endpoints.capture_log import CaptureLog
from rehearsal.endpoints.endpoint_environment import EndpointEnvironment, EndpointEvents
from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.endpoint_update import EndpointUpdate
from rehearsal.endpoints.http_client import HttpClient
from rehearsal.endpoints.journal import begin
from rehearsal.endpoints.metric_publisher import MetricPublisher
from rehearsal.endpoints.provisioning import MakeFleet
from rehearsal.endpoints.request_queue import RequestQueue
from rehearsal.endpoints.router import INVOCATION_SECONDS, Router
from rehearsal.endpoints.supervisor import CancelledDeploymentError, Supervisor
from slipway.errors import LaunchError
from slipway.rollout.plan import RolloutPlan
from slipway.settings.limits import MOST_SERVERLESS_BYTES

_log = logging.getLogger(__name__)
REWEIGHING_SECONDS = 60.0
"""How long the endpoint is Updating while it takes new weights, or has fewer instances; AWS does not say how long."""
INSTANCE_SECONDS = 240.0
"""How long that is at least where instances are added: until then they work on nothing. AWS does not say how long."""


class LocalEndpoint:
    """Its requests go through `router`; slow work happens on a thread of its own."""

    def __init__(
        self,
        state: EndpointState,
        environment: EndpointEnvironment,
        publisher: MetricPublisher,
        capture: CaptureLog,
        events: EndpointEvents,
        *,
        client: HttpClient,
        journals: Path,
        queue: Callable[[Router], RequestQueue] | None = None,
    ) -> None:
        self.state, self._environment, self._events, self._journals = state, environment, events, journals
        self._publisher, self._capture = publisher, capture
        self.router = Router(client, publisher.record, capture=capture.offer)
        self.queue = queue(self.router) if queue else None
        self._cancelled = threading.Event()
        self._supervisor: Supervisor | None = None
        self._thread: threading.Thread | None = None

    def create(self, config: Mapping[str, Any], make_fleet: MakeFleet) -> None:
        """Start the first fleet; returns at once."""
        self._begin("Creating", config, None, lambda: self._provision_first(make_fleet))

    def update(
        self,
        config: Mapping[str, Any],
        make_fleet: MakeFleet,
        plan: RolloutPlan,
        deployment: Mapping[str, Any] | None,
    ) -> None:
        """Replace the live fleet as `plan` says; returns at once."""
        blue = self.state.live
        if blue is None:
            self._begin("Updating", config, deployment, lambda: self._provision_first(make_fleet))
            return
        rollout = EndpointUpdate(
            blue=blue,
            make_fleet=make_fleet,
            plan=plan,
            state=self.state,
            router=self.router,
            environment=self._environment,
            events=self._events,
            cancelled=self._cancelled,
        )
        journal = begin(self._journals, self.state.name, plan, speed=self._environment.speed)
        self._supervisor = Supervisor(
            journal, self._cancelled, self._events.restarted, silent_seconds=self._environment.silent_seconds
        )
        self._begin("Updating", config, deployment, partial(rollout.run, self._supervisor.run))

    def check_size(self, what: str, body: bytes) -> None:
        """Raises ValueError where a serverless endpoint does not take so large a request, or give such a response."""
        live = self.state.live
        if live is not None and live.is_serverless and len(body) > MOST_SERVERLESS_BYTES:
            limit = f"at most {MOST_SERVERLESS_BYTES} bytes with a serverless endpoint"
            raise ValueError(f"the {what} must have {limit}, got {len(body)}")

    def reweigh(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Set weights and instance counts of the live fleet; returns at once."""
        self.state.begin_reweighing(changes)
        self._thread = threading.Thread(target=self._reweigh, name=f"endpoint-{self.state.name}", daemon=True)
        self._thread.start()

    def _reweigh(self) -> None:
        """Instances that are added serve after their start; the process of a variant without instances ends."""
        self._events.status("Updating")
        grows, began = self.state.grows, time.monotonic()
        try:
            for variant in self.state.scaled_from_zero:
                variant.server.start(startup_seconds=variant.startup_seconds, cancelled=self._cancelled)
        except LaunchError as exc:
            self.state.keep_weights(str(exc))
        else:
            seconds = (INSTANCE_SECONDS if grows else REWEIGHING_SECONDS) / self._environment.speed
            self._cancelled.wait(max(0.0, seconds - (time.monotonic() - began)))
            self.state.reweigh()
            self._end_idle_servers()
        self._events.status("InService")

    def _end_idle_servers(self) -> None:
        live = self.state.live
        idle = [variant for variant in live.variants if not variant.instances] if live else []
        if live and idle:
            live.drain(INVOCATION_SECONDS)
        for variant in idle:
            variant.server.stop()

    def close(self) -> None:
        """End every server; a rollout under way ends where it is."""
        self._cancelled.set()
        self._events.silence()
        if self._supervisor is not None:
            self._supervisor.cancel()
        if self._thread is not None:
            self._thread.join()
        self.router.set_shares([])
        for fleet in self.state.fleets:
            fleet.stop()
        self._publisher.close()
        self._capture.close()

    def _begin(
        self,
        status: str,
        config: Mapping[str, Any],
        deployment: Mapping[str, Any] | None,
        work: Callable[[], None],
    ) -> None:
        self.state.begin(status, config, deployment)
        if self.queue:
            self.queue.config = config["AsyncInferenceConfig"]
        self._thread = threading.Thread(
            target=self._work, args=(status, work), name=f"endpoint-{self.state.name}", daemon=True
        )
        self._thread.start()

    def _work(self, status: str, work: Callable[[], None]) -> None:
        """The boundary of the endpoint's own thread: a failure shows in its status."""
        try:
            self._events.status(status)
            work()
        except CancelledDeploymentError:
            return
        except Exception as exc:  # noqa: BLE001 -- a thread must not end silently; the log has the traceback
            _log.exception("endpoint %s", self.state.name)
            self._settle("InService" if self.state.live else "Failed", f"{type(exc).__name__}: {exc}")
        self._capture.flush_soon()

    def _provision_first(self, make_fleet: MakeFleet) -> None:
        """The first fleet replaces none: it serves once it is ready."""
        try:
            fleet = make_fleet()
            self.state.provisioned(fleet)
            fleet.start(self._cancelled)
        except (LaunchError, LookupError) as exc:
            self._settle("Failed", str(exc))
            return
        self.router.set_shares([(fleet, 1.0)])
        self.state.go_live(fleet)
        self._settle("InService", "")

    def _settle(self, status: str, reason: str) -> None:
        self.state.settle(status, reason)
        self._events.status(status)
