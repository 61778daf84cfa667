"""What an endpoint uses outside itself: alarms, events, its timeline."""

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


@dataclass(frozen=True)
class EndpointEnvironment:
    """Time and alarms, as an endpoint finds them."""

    speed: float
    """Waits last 1/speed of their time."""
    alarm_state: Callable[[str], str | None]
    """StateValue of a CloudWatch alarm by its name; None when there is no such alarm."""
    silent_seconds: float = 60.0
    """A rollout's controller polls the alarms every 15 s at the latest: one that is silent for so long hangs."""


class EndpointEvents:
    """Reports what happens to one endpoint: in its timeline, and as EventBridge events with its description."""

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
        """A rollout's controller has ended, and another one continues."""
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
