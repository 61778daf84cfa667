"""What an endpoint reaches outside itself: alarms, events, its timeline."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.report_data import Timeline
from slipway.rollout.plan import Phase

OnEvent = Callable[[str, Mapping[str, Any]], None]

_STATE_CHANGE = "SageMaker Endpoint State Change"
_DEPLOYMENT_CHANGE = "SageMaker Endpoint Deployment State Change"


SILENT_SECONDS = 60.0
"""A controller asks for the alarms every 15 s at the latest: one that asks for nothing so long hangs."""


@dataclass(frozen=True)
class EndpointEnvironment:
    """The account around an endpoint, and how much its waits are compressed."""

    speed: float
    alarm_state: Callable[[str], str | None]
    silent_seconds: float = SILENT_SECONDS
    """A controller that writes nothing for so long is replaced."""


class EndpointEvents:
    """Tells what happens to one endpoint: to its timeline, and as EventBridge events with its description."""

    def __init__(self, state: EndpointState, timeline: Timeline, on_event: OnEvent) -> None:
        self._state, self._timeline, self._on_event = state, timeline, on_event
        self._silent = threading.Event()

    def silence(self) -> None:
        """No more events: the endpoint is being taken down."""
        self._silent.set()

    def status(self, status: str) -> None:
        """EndpointStatus has become `status`."""
        described = self._state.describe()
        self._add(status, share=None, alarm=None, reason=described.get("FailureReason"))
        self._emit(_STATE_CHANGE, described)

    def phase(self, phase: Phase, *, share: float, alarm: str | None, failure: str | None) -> None:
        """A rollout has entered `phase`."""
        self._add(phase.value, share=share, alarm=alarm, reason=failure)
        self._emit(_DEPLOYMENT_CHANGE, self._state.describe())

    def restarted(self) -> None:
        """A rollout's controller had ended, and another one goes on."""
        self._add("ControllerRestarted", share=None, alarm=None, reason=None)

    def _add(self, event: str, *, share: float | None, alarm: str | None, reason: str | None) -> None:
        config = self._state.config_name
        self._timeline.add(
            {
                "at": time.time(),
                "event": event,
                "config": config,
                "green_share": share,
                "alarm": alarm,
                "reason": reason,
            }
        )

    def _emit(self, detail_type: str, described: Mapping[str, Any]) -> None:
        if not self._silent.is_set():
            self._on_event(detail_type, described)
