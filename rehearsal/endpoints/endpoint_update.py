"""One update of an endpoint: green beside blue, traffic by the plan, back to blue on an alarm."""

import threading
from collections.abc import Callable

from rehearsal.endpoints.endpoint_environment import EndpointEnvironment, EndpointEvents
from rehearsal.endpoints.endpoint_state import EndpointState
from rehearsal.endpoints.provisioning import MakeFleet
from rehearsal.endpoints.router import INVOCATION_SECONDS, Router
from rehearsal.endpoints.serving_fleet import ServingFleet
from rehearsal.endpoints.supervisor import CancelledDeploymentError, DeploymentActions
from slipway.errors import LaunchError
from slipway.rollout.plan import Phase, RolloutPlan, RolloutState, green_share

_IN_ALARM = "ALARM"
_HEALTH_SECONDS = 5.0
"""How long a rollback waits for the old fleet's ping: long enough for a server that died to be up again."""

Follow = Callable[[DeploymentActions], RolloutState]
"""Follows the plan through these actions; returns the last state."""


class EndpointUpdate:
    """Executes the requests of one rollout's controller. It decides nothing, and does nothing twice.

    The old fleet stays up until the new one is promoted. A request that one fleet fails is not sent to another. If the
    old fleet's servers are gone at a rollback, the rollback fails and the new fleet keeps the users.
    """

    def __init__(
        self,
        *,
        blue: ServingFleet,
        make_fleet: MakeFleet,
        plan: RolloutPlan,
        state: EndpointState,
        router: Router,
        environment: EndpointEnvironment,
        events: EndpointEvents,
        cancelled: threading.Event,
    ) -> None:
        self._blue, self._make_fleet, self._plan, self._state = blue, make_fleet, plan, state
        self._router, self._environment, self._events, self._cancelled = router, environment, events, cancelled
        self._mixed = state.mixed
        self._green: ServingFleet | None = None
        self._entered: RolloutState | None = None
        self._failure: str | None = None

    def run(self, follow: Follow) -> None:
        """Roll out to the end; the endpoint is in service afterwards, on one fleet or the other."""
        status, reason = "InService", self._reason_not_to_start()
        if not reason:
            ended = self._roll_out(follow)
            status, reason = self._status_of(ended), self._reason(ended)
        self._state.settle(status, reason)
        self._events.status(status)

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase that has begun, unless it is done; returns the failure, or None."""
        if state != self._entered:
            self._failure = self._act(state)
            self._entered = state
        return self._failure

    def entered(self) -> RolloutState | None:
        """The state that was entered last."""
        return self._entered

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""
        return next((name for name in self._plan.alarms if self._environment.alarm_state(name) == _IN_ALARM), None)

    def _roll_out(self, follow: Follow) -> RolloutState:
        try:
            return follow(self)
        except CancelledDeploymentError:
            raise
        except Exception:
            # An unexpected error must not leave users on a fleet without a controller.
            if self._state.live is self._blue:
                self._discard()
            raise

    def _act(self, state: RolloutState) -> str | None:
        share = green_share(state, self._plan)
        self._state.enter(state.phase, share)
        failure = state.rollback_failure or state.failure
        self._events.phase(state.phase, share=share, alarm=state.alarm, failure=failure)
        match state.phase:
            case Phase.PROVISIONING:
                return self._provision()
            case Phase.SHIFTING:
                self._shift(share)
            case Phase.ROLLING_BACK:
                return self._roll_back(share)
            case Phase.TERMINATING:
                self._shift(share)
                self._blue.drain(INVOCATION_SECONDS)
            case Phase.PROMOTED:
                self._promote()
            case Phase.ROLLED_BACK:
                self._discard()
            case Phase.ROLLBACK_FAILED:
                self._mix()
            case Phase.BAKING | Phase.FINAL_BAKING:
                pass
        return None

    def _reason_not_to_start(self) -> str:
        """Why the update may not begin: without its alarms, or with one in ALARM already, it would not be safe."""
        states = {name: self._environment.alarm_state(name) for name in self._plan.alarms}
        if missing := [name for name, state in states.items() if state is None]:
            return f"The update was not started: there is no rollback alarm {', '.join(missing)}"
        if firing := [name for name, state in states.items() if state == _IN_ALARM]:
            return f"The update was not started: rollback alarm {', '.join(firing)} was in ALARM before it began"
        return ""

    @staticmethod
    def _status_of(ended: RolloutState) -> str:
        """The API documents a failed rollback for rolling updates; the status for other policies is unknown."""
        return "UpdateRollbackFailed" if ended.phase is Phase.ROLLBACK_FAILED else "InService"

    def _reason(self, ended: RolloutState) -> str:
        if ended.phase is Phase.PROMOTED:
            return ""
        because = f"rollback alarm {ended.alarm} went into ALARM" if ended.alarm else ended.failure
        new, old = self._state.config_name, self._blue.config_name
        if ended.phase is Phase.ROLLBACK_FAILED:
            return f"The update to {new} failed ({because}), and so did its rollback to {old}: {ended.rollback_failure}"
        return f"The update to {new} was rolled back to {old}: {because}"

    def _provision(self) -> str | None:
        try:
            self._green = self._make_fleet()
            self._state.provisioned(self._green)
            self._green.start(self._cancelled)
        except (LaunchError, LookupError) as exc:
            if self._cancelled.is_set():
                raise CancelledDeploymentError from exc
            return str(exc)
        return None

    def _shift(self, share: float) -> None:
        """The new fleet gets `share`; the rest stays where it was before the update."""
        before = self._mixed[-1] if self._mixed else self._blue
        self._set_shares(before, share)

    def _set_shares(self, old: ServingFleet, share: float) -> None:
        green = [(self._green, share)] if self._green is not None and share > 0 else []
        self._router.set_shares([(old, 1 - share), *green])

    def _roll_back(self, share: float) -> str | None:
        if not self._blue.is_healthy(_HEALTH_SECONDS):
            return f"the fleet of {self._blue.config_name} does not answer"
        self._set_shares(self._blue, share)
        return None

    def _promote(self) -> None:
        if self._green is None:
            raise LaunchError("a fleet that was never provisioned cannot be promoted")
        self._state.go_live(self._green)
        self._blue.stop()
        self._stop_mixed()

    def _discard(self) -> None:
        self._router.set_shares([(self._blue, 1.0)])
        if self._green is not None:
            self._green.drain(INVOCATION_SECONDS)
            self._green.stop()
            self._state.provisioned(None)
        self._stop_mixed()

    def _mix(self) -> None:
        """The old fleet does not respond, so its users get the newest fleet that does: unhealthy instances get none."""
        keepers = [*self._mixed, *([self._green] if self._green is not None else [])]
        healthy = [fleet for fleet in keepers if fleet.is_healthy(_HEALTH_SECONDS)]
        self._router.set_shares([(healthy[-1] if healthy else self._blue, 1.0)])
        self._state.mix(keepers)

    def _stop_mixed(self) -> None:
        for fleet in self._mixed:
            fleet.drain(INVOCATION_SECONDS)
            fleet.stop()
        self._state.mix(())
