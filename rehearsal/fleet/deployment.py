"""One update of an endpoint: green beside blue, traffic by the plan, back to blue on an alarm."""

import threading
import time
from collections.abc import Callable

from blueprint.errors import LaunchError
from blueprint.rollout import Phase, RolloutPlan, RolloutState, green_share
from rehearsal.fleet.fleet import Fleet
from rehearsal.fleet.rollout import run_rollout
from rehearsal.fleet.router import INVOCATION_SECONDS, Router
from rehearsal.fleet.state import EndpointState
from rehearsal.fleet.surroundings import Chronicle, Surroundings

_IN_ALARM = "ALARM"


class CancelledDeploymentError(Exception):
    """The endpoint is being taken down; its rollout need not end."""


class Deployment:
    """The ports of one rollout. The old fleet stays up, and answers what the new one fails, until the promotion."""

    def __init__(
        self,
        *,
        blue: Fleet,
        make_fleet: Callable[[], Fleet],
        plan: RolloutPlan,
        state: EndpointState,
        router: Router,
        around: Surroundings,
        chronicle: Chronicle,
        cancelled: threading.Event,
    ) -> None:
        self._blue, self._make_fleet, self._plan, self._state = blue, make_fleet, plan, state
        self._router, self._around, self._chronicle, self._cancelled = router, around, chronicle, cancelled
        self._green: Fleet | None = None

    def run(self) -> None:
        """Roll out to the end; the endpoint is InService afterwards, on one fleet or the other."""
        reason = self._refusal()
        if not reason:
            reason = self._reason(self._roll_out())
        self._state.settle("InService", reason)
        self._chronicle.status("InService")

    def _roll_out(self) -> RolloutState:
        try:
            return run_rollout(self._plan, self, speed=self._around.speed)
        except CancelledDeploymentError:
            raise
        except Exception:
            # What nobody foresaw must not leave users on a fleet that nobody watches.
            if self._state.live is self._blue:
                self._discard()
            raise

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase that has begun; what went wrong, or None."""
        share = green_share(state, self._plan)
        self._state.enter(state.phase, share)
        self._chronicle.phase(state.phase, share=share, alarm=state.alarm, failure=state.failure)
        match state.phase:
            case Phase.PROVISIONING:
                return self._provision()
            case Phase.SHIFTING | Phase.ROLLING_BACK:
                self._shift(share)
            case Phase.TERMINATING:
                self._shift(share, retry_on_blue=False)
                self._blue.drain(INVOCATION_SECONDS)
            case Phase.PROMOTED:
                self._promote()
            case Phase.ROLLED_BACK:
                self._discard()
            case Phase.BAKING | Phase.FINAL_BAKING:
                pass
        return None

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""
        return next((name for name in self._plan.alarms if self._around.alarm_state(name) == _IN_ALARM), None)

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._cancelled.wait(seconds):
            raise CancelledDeploymentError

    def _refusal(self) -> str:
        """Why the update may not begin; an unwatched or already failing rollout would not be safe."""
        states = {name: self._around.alarm_state(name) for name in self._plan.alarms}
        if missing := [name for name, state in states.items() if state is None]:
            return f"The update was not started: there is no rollback alarm {', '.join(missing)}"
        if firing := [name for name, state in states.items() if state == _IN_ALARM]:
            return f"The update was not started: rollback alarm {', '.join(firing)} was in ALARM before it began"
        return ""

    def _reason(self, ended: RolloutState) -> str:
        if ended.phase is Phase.PROMOTED:
            return ""
        because = f"rollback alarm {ended.alarm} went into ALARM" if ended.alarm else ended.failure
        new = self._state.config_name
        return f"The update to {new} was rolled back to {self._blue.config_name}: {because}"

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

    def _shift(self, share: float, *, retry_on_blue: bool = True) -> None:
        green = [(self._green, share)] if self._green is not None else []
        self._router.set_shares([(self._blue, 1 - share), *green], fallback=self._blue if retry_on_blue else None)

    def _promote(self) -> None:
        if self._green is None:
            raise LaunchError("a fleet that was never provisioned cannot be promoted")
        self._state.go_live(self._green)
        self._blue.stop()

    def _discard(self) -> None:
        self._router.set_shares([(self._blue, 1.0)])
        if self._green is not None:
            self._green.drain(INVOCATION_SECONDS)
            self._green.stop()
            self._state.provisioned(None)
