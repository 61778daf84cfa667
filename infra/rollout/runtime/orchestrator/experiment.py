"""An experiment, from its start to the winner's rollout: read it from top to bottom.

The lock is held while challengers are added and removed, and not in the weeks between: a rollout takes the challengers
away and so ends the experiment. However it ends, the endpoint is left with one model behind it.
"""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from json import dumps
from math import ceil
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.experiment.poll import differ
from slipway.rollout.steps import Kind, Outcome, RolloutStep

from . import live
from .challengers import LiveChallengers, observe, variants
from .function_calls import FunctionError, clock, error_name, invoke
from .gates import pass_gates
from .lock import Lock
from .pause import Pause
from .recording import audit, notify, record
from .restore import NotRestored
from .rollout import End
from .run import CallError, Rejection, Run, State

START, STOP = "start", "stop"
LIMIT_SECONDS = 2 * 3600
MOST_FAILED = 5
"""Polls in a row in which the rewards could not be read."""
LONGEST_PAUSE_SECONDS = 3 * 86_400
"""After the longest time of an experiment; as long as a rollout that waits."""
_MOST_LISTED = 20
_WANTED = ("InferenceSpecification", "ModelMetrics", "CustomerMetadataProperties")


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
    record(_about(run, arms[0]), "experiment begun", {"arms": arms})
    notify(run, "experiment begun", f"{begins}; execution {run.steps.execution}")
    last = _follow(run, arms)
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
        pass_gates(_about(run, each["package"]), each["described"], champion.package)
    _check_pause(run)
    try:
        challengers.enter(champion, [each["package"] for each in chosen])
        for number, each in enumerate(variants(run)[1:]):
            _smoke(run, each["name"], chosen[number])
    except (Rejection, CallError):
        challengers.leave()
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
        described = sagemaker.describe_model_package(ModelPackageName=package)
        if described["ModelApprovalStatus"] != "Approved":
            raise CallError("NotApproved", f"challenger {package} must be approved")
        wanted = {name: described[name] for name in _WANTED if name in described}
        found.append({"package": package, "described": wanted})
    return found


def _smoke(run: Run, variant: str, arm: State) -> None:
    payload = {
        "EndpointName": run.target.endpoint,
        "TargetVariant": variant,
        "Container": arm["described"]["InferenceSpecification"]["Containers"][0],
    }
    if profile := arm["described"].get("ModelMetrics", {}).get("ModelDataQuality"):
        payload["Profile"] = profile["Statistics"]["S3Uri"]

    def test() -> State:
        try:
            return invoke(run, run.target.smoke_test, payload)
        except FunctionError as exc:
            return {"passed": False, "reason": f"its function failed by {error_name(exc)}"}

    response = run.steps.do(RolloutStep.SMOKE_TEST, test)
    if not response["passed"]:
        raise Rejection(f"the smoke test of {arm['package']} failed: {response['reason']}", by="smoke test")


def _follow(run: Run, arms: list[str]) -> State:
    """Poll until the experiment is decided, or something else has ended it."""
    begun = run.steps.do(RolloutStep.EXPERIMENT, run.now)
    start: State = {"polls": 0, "failed": 0, "at": begun, "weights": [], "changed_at": begun, "key": ""}
    start |= {"ended": "", "winner": None}

    def check(state: State) -> State:
        """One that fails leaves things as they are, and the next one catches up."""
        now = run.now()
        waited = run.target.experiment_seconds if state["polls"] else 0
        after = {**state, "at": now, "polls": state["polls"] + 1}
        try:
            return {**after, "failed": 0, **_polled(run, arms, state, since=begun, waited=waited, now=now)}
        except (ClientError, BotoCoreError, FunctionError) as exc:
            failed = state["failed"] + 1
            why = f"it could not be followed at {failed} polls in a row, the last time by {error_name(exc)}"
            return {**after, "failed": failed, "ended": why if failed >= MOST_FAILED else ""}

    def pause(state: State) -> float | None:
        is_over = state["ended"] or state["winner"] is not None
        return None if is_over else float(run.target.experiment_seconds)

    return run.steps.poll(RolloutStep.EXPERIMENT, check, start, pause)


def _polled(run: Run, arms: list[str], state: State, *, since: float, waited: float, now: float) -> State:
    """What the rewards ask for, done; within a step."""
    seen = observe(run)
    if seen["status"] in live.BUSY:
        return {}  # a deployment, or weights that are being set
    if ended := _ended(run, seen, arms):
        return {"ended": ended}
    is_paused, more_polls = Pause(run, Lock(run)).is_set(), state["polls"] - run.target.experiment_polls
    if is_paused and more_polls >= ceil(LONGEST_PAUSE_SECONDS / run.target.experiment_seconds):
        return {"ended": "it was paused for three days beyond its longest time"}
    request = {
        "endpoint": run.target.endpoint,
        "arms": [{"variant": each["name"], "package": each["package"]} for each in seen["variants"]],
        "weights": state["weights"],
        "changed_at": state["changed_at"],
        "begun": since,
        "key": state["key"],
        "clock": clock(waited, since=state["at"], until=now),
        "is_over": more_polls >= 0,
        "is_paused": is_paused,
    }
    found = invoke(run, run.target.experiment_analysis, request)
    after = {} if is_paused else _acted(run, arms, seen, found, now=now)
    return {**after, "key": found["key"]}


def _acted(run: Run, arms: list[str], seen: State, found: State, *, now: float) -> State:
    """By what the analysis has found, which is left alone while rollouts are paused; within a step."""
    if found["winner"] is not None:
        return {"ended": found["explanation"], "winner": found["winner"]}
    # As they are: an update of the endpoint, a deployment's for instance, has set them back.
    if not differ(found["shares"], [each["weight"] for each in seen["variants"]]):
        return {"weights": found["shares"]}
    if not _weigh(run, seen, found["shares"]):
        return {}
    audit(_about(run, arms[0]), "weights", {"weights": dict(zip(arms, found["shares"], strict=True))})
    return {"weights": found["shares"], "changed_at": now}


def _ended(run: Run, seen: State, arms: list[str]) -> str:
    """Why there is nothing to go on with, or empty; within a step."""
    if [each["package"] for each in seen["variants"]] != arms:
        return "its challengers are gone"
    sagemaker = run.client("sagemaker")
    for package in arms:
        if sagemaker.describe_model_package(ModelPackageName=package)["ModelApprovalStatus"] != "Approved":
            return f"{package} is not approved any more"
    return ""


def _weigh(run: Run, seen: State, shares: Sequence[float]) -> bool:
    """Within a step; whether SageMaker took the weights, which it does not while the endpoint is updated."""
    changes = [
        {"VariantName": each["name"], "DesiredWeight": share}
        for each, share in zip(seen["variants"], shares, strict=True)
    ]
    try:
        run.client("sagemaker").update_endpoint_weights_and_capacities(
            EndpointName=run.target.endpoint, DesiredWeightsAndCapacities=changes
        )
    except ClientError as exc:
        if exc.response["Error"]["Code"] != "ValidationException":
            raise
        return False
    return True


def _end(run: Run, arms: list[str], last: State) -> End:
    """One model serves; the winner goes the way of every approved package, with gates, canary and alarms."""
    champion, reason, winner = arms[0], last["ended"], last["winner"] or 0
    lock = Lock(run)
    lock.take()
    LiveChallengers(run).leave()
    lock.release()
    about = _about(run, champion)
    if not winner:
        record(about, "experiment ended", {"winner": champion, "reason": reason})
        notify(
            run, "experiment ended", f"Endpoint {run.target.endpoint} goes on with its champion {champion}: {reason}"
        )
        return End(Outcome.CHAMPION_STAYS, reason)
    package = arms[winner]
    run.steps.do(RolloutStep.START_WINNER, lambda: _start_rollout(run, package))
    record(about, "experiment ended", {"winner": package, "reason": reason})
    notify(
        run, "experiment ended", f"{package} has won on endpoint {run.target.endpoint}; its rollout begins: {reason}"
    )
    return End(Outcome.WINNER_STARTED, reason)


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


def _about(run: Run, package: str) -> Run:
    """For what goes by the package of a request: gates and audit entries."""
    return replace(run, request=replace(run.request, package=package))
