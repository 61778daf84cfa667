"""A rollout, from the approval of a package to a verified endpoint or back: read it from top to bottom."""

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.rollout.failure_causes import is_shortage, is_too_early
from slipway.rollout.steps import Kind, Outcome, RolloutStep

from . import live, rejected, stack
from .candidate import described
from .challengers import LiveChallengers, NotRemovedError
from .gates import pass_gates
from .live import Live
from .lock import Lock
from .pause import Pause
from .recording import notify, record, reject_package
from .restore import NotRestored, delete, restore
from .run import CallError, Failure, Rejection, Run, State
from .shadow import ShadowTest
from .stopped import start_stopped
from .verification import verify
from .watch import Watched, watch

STACK_SECONDS = 60
MOST_ATTEMPTS = 3
"""Of the update, where something else changes the endpoint at the same moment."""
_AGAIN = "the package stays approved; `slipway rollout approve --package {} --reason TEXT` starts its rollout again"
_ROOM, _CAUSE = "there is room (`slipway quotas` shows what is missing)", "the cause is gone"


@dataclass(frozen=True)
class End:
    outcome: Outcome
    reason: str = ""
    by: str = ""


def roll_out(run: Run) -> End:
    """One rollout at a time, in order of approval.

    It is promoted only if the endpoint really serves the package; otherwise the package is rejected with the reason,
    or stays approved where AWS refused a call or was short of something, and the stack names again what is really live.
    This is so whether CloudFormation reports a rollback of the endpoint as success or as failure.
    """
    lock = Lock(run)
    end = _roll_back(run, lock) if run.request.kind is Kind.REJECTION else _Rollout(run, lock).run()
    lock.release()
    return end


def _roll_back(run: Run, lock: Lock) -> End:
    try:
        return End(*rejected.roll_back(run, lock))
    except CallError as exc:
        reason = f"the rollout could not go on: {exc}"
        notify(run, "rolled back", f"{run.request.package} was rejected for endpoint {run.target.endpoint}: {reason}")
        return End(Outcome.ROLLED_BACK, reason)


class _Rollout:
    def __init__(self, run: Run, lock: Lock) -> None:
        self._run, self._lock, self._pause = run, lock, Pause(run, lock)
        self._shadow, self._challengers = ShadowTest(run, lock, self._pause), LiveChallengers(run)
        self._previous: Live | None = None
        self._watched: Watched | None = None
        self._may_have_begun = False
        self._attempts = 0

    def run(self) -> End:
        """To its end, on which the endpoint has no shadow."""
        end = self._run_to_end()
        try:
            self._shadow.leave()
        except (CallError, NotRestored) as exc:
            return self._not_restored(f"{end.reason or end.outcome}; the shadow could not be removed: {exc}")
        return end

    def _run_to_end(self) -> End:
        try:
            package = self._begin()
            if package is None:
                return End(Outcome.NOTHING_TO_DO, "the package serves already, or is not approved any more")
            verify(self._run, package, previous=self._previous or Live(), watched=self._watched)
        except Rejection as exc:
            return self._reject(exc)
        except CallError as exc:
            return self._restore(Failure(f"the rollout could not go on: {exc}", is_candidates=False))
        except Failure as exc:
            return self._restore(exc)
        except NotRestored as exc:
            is_experiments = isinstance(exc, NotRemovedError)
            what = "the challengers of an experiment" if is_experiments else "it was paused, and the shadow"
            return self._not_restored(f"{what} could not be removed: {exc}")
        return self._promote()

    def _begin(self) -> State | None:
        """Up to the end of the update; None where there is nothing to do."""
        has_started_stopped = False
        while True:
            self._lock.take()
            found = self._read_candidate()
            if found is None:
                return None
            package, self._previous = found
            if self._pause.wait():
                continue  # others have passed: what serves may be another
            if not has_started_stopped:
                has_started_stopped = True
                if start_stopped(self._run, self._previous):
                    continue
            replayed = pass_gates(self._run, package, self._previous.package)
            if self._pause.wait():
                continue
            self._previous = self._alone(self._previous)
            shadowed = self._shadow.prove(self._previous)
            if shadowed is None or self._pause.wait(leaving=self._shadow.leave):
                continue
            self._previous = shadowed
            self._may_have_begun = True  # also where the call's response was lost
            begun = self._update()
            if begun is stack.Begun.BUSY:
                self._may_have_begun = False
                self._run.steps.wait(RolloutStep.UPDATE, STACK_SECONDS)
                continue
            if begun is stack.Begun.YES and not self._follow(replayed):
                self._may_have_begun = False
                self._run.steps.wait(RolloutStep.UPDATE, STACK_SECONDS)
                continue
            return package

    def _update(self) -> stack.Begun:
        """A rollback goes to a model that has served."""
        run, has_served = self._run, self._run.request.kind is Kind.ROLLBACK
        return stack.update(run, RolloutStep.UPDATE, run.request.package, has_served=has_served, attempt=self._attempts)

    def _follow(self, replayed: Mapping[str, str]) -> bool:
        """Watch the update to its end; False where it met the endpoint's autoscaling, and is to be tried again."""
        self._shadow.hand_over()
        self._announce()
        watched = watch(self._run, self._previous or Live(), proven={**replayed, **self._shadow.proven})
        if self._attempts + 1 < MOST_ATTEMPTS and self._met_autoscaling(watched):
            self._attempts += 1
            return False
        self._watched = watched
        return True

    def _met_autoscaling(self, watched: Watched) -> bool:
        """It began between our look at the endpoint and CloudFormation's update of it."""
        if watched.stack["package"] == self._run.request.package:
            return False
        return is_too_early(stack.failed_resource(self._run))

    def _alone(self, previous: Live) -> Live:
        """What serves without challengers: an approval ends an experiment."""
        return live.read_settled(self._run).live if self._challengers.leave() else previous

    def _read_candidate(self) -> tuple[State, Live] | None:
        """The package and what serves before it; None where it serves already or is not approved any more."""
        run = self._run

        def check(_: State) -> State:
            package = run.client("sagemaker").describe_model_package(ModelPackageName=run.request.package)
            if package["ModelApprovalStatus"] != "Approved":
                return {"package": None, "stack": None}
            return {"package": described(package), "stack": stack.read(run)}

        def pause(state: State) -> float | None:
            is_busy = state["package"] and state["stack"]["status"].endswith(stack.IN_PROGRESS)
            return STACK_SECONDS if is_busy else None

        found = run.steps.poll(RolloutStep.READ_CANDIDATE, check, {}, pause)
        if found["package"] is None:
            return None
        serving = live.read_settled(run).live
        if serving.package == run.request.package:
            return None
        # Empty before the first rollout. An endpoint that fails to serve is restored to its package, not deleted.
        return found["package"], serving if serving.package else Live(found["stack"]["package"])

    def _announce(self) -> None:
        run, previous = self._run, self._previous or Live()
        record(run, "begun", {"previous": previous.package})
        begins = f"Endpoint {run.target.endpoint} begins a rollout of {run.request.package}, {run.target.plan}"
        notify(run, "rollout begun", f"{begins}; execution {run.steps.execution}")

    def _promote(self) -> End:
        run, previous, watched = self._run, self._previous or Live(), self._watched
        if previous.config:
            # Retained when they were replaced, and now provably unused: the endpoint serves another config.
            run.steps.do(RolloutStep.DELETE_PREVIOUS, lambda: delete(run, previous))
        detail: State = {"previous": previous.package}
        serves = f"Endpoint {run.target.endpoint} serves {run.request.package}"
        if run.target.canary_analysis:
            sentence = watched.explanation if watched else ""
            detail |= {"decision": watched.decision if watched else 0, "explanation": sentence}
            serves = f"{serves}; {sentence}"
        if self._shadow.explanation:
            detail["shadow"] = self._shadow.explanation
        record(run, "promoted", detail)
        notify(run, "promoted", serves)
        return End(Outcome.PROMOTED, detail.get("explanation", ""))

    def _reject(self, rejection: Rejection) -> End:
        """Before any user met it."""
        run, reason = self._run, rejection.reason
        if not rejection.is_candidates:
            return self._keep(Outcome.NOT_STARTED, reason)
        reject_package(run, reason)
        record(run, "refused", {"reason": reason})
        refused = f"{run.request.package} was rejected for endpoint {run.target.endpoint} before any user met it"
        notify(run, "rejected", f"{refused}: {reason}")
        return End(Outcome.REJECTED, reason, rejection.by)

    def _restore(self, failure: Failure) -> End:
        run, reason, endpoint = self._run, failure.reason, self._run.target.endpoint
        if not failure.is_candidates and not self._may_have_begun:
            return self._keep(Outcome.NOT_STARTED, reason)
        if failure.is_candidates:
            reject_package(run, reason)
        else:
            reason = self._kept(Outcome.STOPPED, reason)
        try:
            reason = restore(run, self._previous, reason)
        except NotRestored as exc:
            return self._not_restored(str(exc))
        if not failure.is_candidates:
            return self._end_kept(Outcome.STOPPED, reason)
        record(run, "rolled back", {"reason": reason})
        notify(run, "rolled back", f"{run.request.package} was rejected for endpoint {endpoint}: {reason}")
        return End(Outcome.ROLLED_BACK, reason)

    def _not_restored(self, reason: str) -> End:
        run = self._run
        record(run, "not restored", {"reason": reason})
        ended = f"Endpoint {run.target.endpoint} could not be restored ({reason}) after the rollout of "
        notify(run, "NOT RESTORED, look now", f"{ended}{run.request.package}; execution {run.steps.execution}")
        return End(Outcome.NOT_RESTORED, reason)

    def _keep(self, outcome: Outcome, reason: str) -> End:
        return self._end_kept(outcome, self._kept(outcome, reason))

    def _kept(self, outcome: Outcome, reason: str) -> str:
        again = _AGAIN.format(self._run.request.package)
        return f"{outcome}: {reason}; {again}, once {_ROOM if is_shortage(reason) else _CAUSE}"

    def _end_kept(self, outcome: Outcome, reason: str) -> End:
        run = self._run
        record(run, outcome, {"reason": reason})
        message = f"The rollout of {run.request.package} to endpoint {run.target.endpoint}: {reason}"
        notify(run, f"rollout {outcome}", message)
        return End(outcome, reason, "AWS")
