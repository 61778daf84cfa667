"""An endpoint that is there by day only: stopped and started by its stack's parameter, behind the rollouts' lock.

It changes nothing while a rollout or another update runs, for which it waits up to two hours and then leaves things
as they are; it starts the package that it stopped, and only while that is still approved.
"""

from slipway.rollout.steps import Outcome, RolloutStep

from . import stack, stopped
from .lock import Lock
from .recording import notify
from .rollout import End
from .run import CallError, Rejection, Run, State

STOP, START = "stop", "start"
LIMIT_SECONDS = 2 * 3600
_BUSY_SECONDS = 300
_BUSY = "was left out, for a rollout or an update runs"


class _LeftOut(Exception):  # noqa: N818 -- a decision and no fault of the program
    def __init__(self, reason: str, *, needs_a_person: bool = True) -> None:
        super().__init__(reason)
        self.needs_a_person = needs_a_person


def follow(run: Run, action: str | None) -> End:
    """Do `action`, one of `stop` and `start`; a notice is sent of what could not be done."""
    if action not in (STOP, START):
        raise ValueError(f"action must be {STOP} or {START}, got {action}")
    lock = Lock(run, limit_seconds=LIMIT_SECONDS)
    try:
        lock.take()
        end = _stop(run) if action == STOP else _start(run)
    except Rejection:
        end = _left_out(run, action, _LeftOut(_BUSY, needs_a_person=False))
    except _LeftOut as exc:
        end = _left_out(run, action, exc)
    except CallError as exc:
        end = _left_out(run, action, _LeftOut(f"failed: {exc}"))
    lock.release()
    return end


def _left_out(run: Run, action: str, why: _LeftOut) -> End:
    reason = f"Endpoint {run.target.endpoint}: {action} {why}"
    notify(run, "schedule, look now" if why.needs_a_person else "schedule", reason)
    return End(Outcome.LEFT_OUT, reason, "schedule")


def _stop(run: Run) -> End:
    package = _free_stack(run)
    if not package:
        return End(Outcome.NOTHING_TO_DO, "nothing runs")
    # What a failed rollout left behind is not approved: a person has to look at it before the endpoint is stopped.
    _require_approval(run, package)
    run.steps.do(RolloutStep.RECORD_STOPPED, lambda: stopped.write(run, package))
    _update(run, "")
    return End(Outcome.DONE, f"{package} is stopped")


def _start(run: Run) -> End:
    if _free_stack(run):
        return End(Outcome.NOTHING_TO_DO, "it runs already")
    package = run.steps.do(RolloutStep.READ_STOPPED, lambda: stopped.read(run))
    if not package:
        return End(Outcome.NOTHING_TO_DO, "nothing was stopped")
    _require_approval(run, package)
    _update(run, package)
    run.steps.do(RolloutStep.CLEAR_STOPPED, lambda: stopped.write(run, stopped.NOTHING_STOPPED))
    return End(Outcome.DONE, f"{package} is started")


def _free_stack(run: Run) -> str:
    """The package that the stack names, when no update is in progress."""

    def check(state: State) -> State:
        return {"polls": state["polls"] + 1, **stack.read(run)}

    def pause(state: State) -> float | None:
        is_busy = state["status"].endswith(stack.IN_PROGRESS) and state["polls"] * _BUSY_SECONDS < LIMIT_SECONDS
        return _BUSY_SECONDS if is_busy else None

    found = run.steps.poll(RolloutStep.READ_STACK, check, {"polls": 0}, pause)
    if found["status"].endswith(stack.IN_PROGRESS):
        raise _LeftOut(_BUSY, needs_a_person=False)
    return str(found["package"])


def _require_approval(run: Run, package: str) -> None:
    if not run.steps.do(RolloutStep.READ_CANDIDATE, lambda: stopped.is_approved(run, package)):
        raise _LeftOut(f"was left out: model package {package} is not approved")


def _update(run: Run, package: str) -> None:
    waited = 0
    while stack.update(run, RolloutStep.UPDATE, package) is stack.Begun.BUSY:
        if waited >= LIMIT_SECONDS:
            raise _LeftOut(_BUSY, needs_a_person=False)
        run.steps.wait(RolloutStep.UPDATE, _BUSY_SECONDS)  # as for autoscaling
        waited += _BUSY_SECONDS
    now = stack.read_settled(run, RolloutStep.WAIT_FOR_START, stopped.POLL_SECONDS)
    if now["package"] != package or now["status"] not in ("UPDATE_COMPLETE", "CREATE_COMPLETE"):
        raise _LeftOut(f"ended with its stack {now['status']}")
