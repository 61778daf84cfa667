"""An experiment, from its start to the winner's rollout: read it from top to bottom.

The lock is held while challengers are added and removed, and not in the weeks between: a rollout takes the challengers
away and so ends the experiment. However it ends, the endpoint is left with one model behind it.
"""

from collections.abc import Sequence
from hashlib import sha256
from json import dumps
from typing import Any

from slipway.rollout.steps import Kind, Outcome, RolloutStep

from . import live
from .candidate import described, smoke_test
from .challengers import LiveChallengers, NotRemovedError, variants
from .experiment_polls import follow
from .gates import pass_gates
from .lock import Lock
from .pause import Pause
from .recording import notify, record
from .restore import NotRestored
from .rollout import End
from .run import CallError, Rejection, Run, State

START, STOP = "start", "stop"
LIMIT_SECONDS = 2 * 3600
_MOST_LISTED = 20


def experiment(run: Run, event: dict[str, Any]) -> End:
    """Start an experiment and follow it to its end, or stop the one there is.

    Args:
        run: of the endpoint.
        event: `action`, start or stop; of a start `packages`, the challengers, the newest approved ones if not given;
            of a stop `reason`.
    """
    action = event.get("action")
    if action not in (START, STOP):
        raise ValueError(f"action must be {START} or {STOP}, got {action}")
    try:
        return _stop(run, str(event.get("reason") or "stopped by hand")) if action == STOP else _start(run, event)
    except (Rejection, CallError) as exc:
        is_busy = isinstance(exc, Rejection) and exc.by == "lock"
        why = f"a rollout or an update runs; {action} it again afterwards" if is_busy else exc
        reason = f"the experiment was not {action}{'ped' if action == STOP else 'ed'}: {why}"
        notify(run, "experiment, look now", reason)
        return End(Outcome.LEFT_OUT, reason, getattr(exc, "by", "AWS"))
    except NotRestored as exc:
        reason = f"the challengers could not be removed: {exc}"
        notify(run, "NOT RESTORED, look now", f"{reason}; execution {run.steps.execution}")
        return End(Outcome.NOT_RESTORED, reason)


def _stop(run: Run, why: str) -> End:
    lock = Lock(run, limit_seconds=LIMIT_SECONDS)
    lock.take()
    had = LiveChallengers(run).leave()
    lock.release()
    if not had:
        return End(Outcome.NOTHING_TO_DO, "there are no challengers")
    record(run, "experiment stopped", {"reason": why})
    notify(run, "experiment stopped", f"Endpoint {run.target.endpoint} serves its champion alone: {why}")
    return End(Outcome.CHAMPION_STAYS, why)


def _start(run: Run, event: dict[str, Any]) -> End:
    """A challenger that no gate or smoke test passes starts no experiment; its package stays approved."""
    lock, challengers = Lock(run, limit_seconds=LIMIT_SECONDS), LiveChallengers(run)
    lock.take()
    try:
        _check_pause(run)
        arms = _enter(run, challengers, event.get("packages") or ())
    except (Rejection, CallError):  # and no `finally`: Lambda suspends an execution by an exception
        lock.release()
        raise
    lock.release()
    begins = f"Endpoint {run.target.endpoint} begins an experiment of {', '.join(arms)}, the champion first"
    record(run.of_package(arms[0]), "experiment begun", {"arms": arms})
    notify(run, "experiment begun", f"{begins}; execution {run.steps.execution}")
    last = follow(run, arms)
    return _end(run, arms, last)


def _enter(run: Run, challengers: LiveChallengers, named: Sequence[str]) -> list[str]:
    arms = run.steps.do(RolloutStep.READ_ARMS, lambda: _choose(run, named))
    champion = live.read_settled(run).live
    if not champion.package or len(variants(run)) > 1:
        why = "an experiment is under way" if champion.package else f"endpoint {run.target.endpoint} serves no model"
        raise Rejection(why, by="experiment", is_candidates=False)
    packages = [each["package"] for each in arms if each["package"] != champion.package]
    if not packages:
        raise Rejection("no other package is approved", by="experiment", is_candidates=False)
    chosen = [each for each in arms if each["package"] in packages[: run.target.most_challengers]]
    for each in chosen:
        pass_gates(run.of_package(each["package"]), each["described"], champion.package)
    _check_pause(run)
    try:
        challengers.enter(champion, [each["package"] for each in chosen])
        for number, each in enumerate(variants(run)[1:]):
            _smoke(run, each["name"], chosen[number])
    except (Rejection, CallError) as exc:
        _removed(challengers, f"the experiment was not started: {exc}")
        raise
    return [champion.package, *(each["package"] for each in chosen)]


def _check_pause(run: Run) -> None:
    if run.steps.do(RolloutStep.READ_PAUSE, Pause(run, Lock(run)).is_set):
        raise Rejection(
            "rollouts are paused; `slipway rollout resume` ends the pause, start it again afterwards",
            by="pause",
            is_candidates=False,
        )


def _choose(run: Run, named: Sequence[str]) -> list[State]:
    """The packages that may be challengers, the newest first or as they were named; within a step."""
    sagemaker = run.client("sagemaker")
    packages = list(named)
    if not packages:
        listed = sagemaker.list_model_packages(
            ModelPackageGroupName=run.target.package_group,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=_MOST_LISTED,
        )
        packages = [each["ModelPackageArn"] for each in listed["ModelPackageSummaryList"]]
    found = []
    for package in packages[: run.target.most_challengers + 1]:
        about = sagemaker.describe_model_package(ModelPackageName=package)
        if about["ModelApprovalStatus"] != "Approved":
            raise CallError("NotApproved", f"challenger {package} must be approved")
        found.append({"package": package, "described": described(about)})
    return found


def _smoke(run: Run, variant: str, arm: State) -> None:
    response = smoke_test(run, arm["described"], variant=variant)
    if not response["passed"]:
        raise Rejection(f"the smoke test of {arm['package']} failed: {response['reason']}", by="smoke test")


def _end(run: Run, arms: list[str], last: State) -> End:
    """One model serves; the winner is rolled out as every approved package is, with gates, canary and alarms.

    Where the challengers are gone, a later decision removed them: the winner is not rolled out over that.

    Raises:
        NotRemovedError: the endpoint was not seen without its challengers.
    """
    champion, reason, winner = arms[0], last["ended"], last["winner"] or 0
    lock = Lock(run)
    try:
        lock.take()
    except CallError as exc:
        raise NotRemovedError(f"{exc}; {reason}") from exc
    had = _removed(LiveChallengers(run), reason)
    lock.release()
    about = run.of_package(champion)
    if winner and not had:
        reason = f"its challengers were removed before {arms[winner]} could be rolled out: {reason}"
        winner = 0
    if not winner:
        record(about, "experiment ended", {"winner": champion, "reason": reason})
        notify(
            run, "experiment ended", f"Endpoint {run.target.endpoint} goes on with its champion {champion}: {reason}"
        )
        return End(Outcome.CHAMPION_STAYS, reason)
    package = arms[winner]
    try:
        run.steps.do(RolloutStep.START_WINNER, lambda: _start_rollout(run, package))
    except CallError as exc:
        again = f"`slipway rollout approve --package {package} --reason TEXT` starts it"
        reason = f"{package} has won, and its rollout could not be started: {exc}; {again}: {reason}"
        record(about, "experiment ended", {"winner": package, "reason": reason})
        notify(run, "experiment, look now", reason)
        return End(Outcome.CHAMPION_STAYS, reason)
    record(about, "experiment ended", {"winner": package, "reason": reason})
    notify(
        run, "experiment ended", f"{package} has won on endpoint {run.target.endpoint}; its rollout begins: {reason}"
    )
    return End(Outcome.WINNER_STARTED, reason)


def _removed(challengers: LiveChallengers, reason: str) -> bool:
    """Whether there were any.

    Raises:
        NotRemovedError: the endpoint was not seen without them, for whatever cause.
    """
    try:
        return challengers.leave()
    except CallError as exc:
        raise NotRemovedError(f"{exc}; {reason}") from exc


def _start_rollout(run: Run, package: str) -> bool:
    # The same name at each attempt: one that was answered too late starts no second execution.
    name = sha256(run.steps.execution.encode()).hexdigest()[:32]
    run.client("lambda").invoke(
        FunctionName=run.target.function,
        InvocationType="Event",
        DurableExecutionName=f"winner-{name}",
        Payload=dumps({"ModelPackageArn": package, "Kind": Kind.APPROVAL}).encode(),
    )
    return True
