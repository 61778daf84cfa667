"""An experiment under way: at each poll the rewards are read, and the weights follow them, until one test decides."""

from collections.abc import Sequence
from math import ceil

from botocore.exceptions import BotoCoreError, ClientError

from slipway.experiment.poll import differ
from slipway.rollout.steps import RolloutStep

from . import live
from .challengers import observe
from .function_calls import MOST_FAILED, FunctionError, clock, error_name, invoke
from .lock import Lock
from .pause import Pause
from .recording import audit
from .run import Run, State

LONGEST_PAUSE_SECONDS = 3 * 86_400
"""After the longest time of an experiment; as long as a rollout that waits."""


def follow(run: Run, arms: list[str]) -> State:
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
        return {"changed_at": now}  # a deployment, or weights that are being set
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
        "poll": state["polls"],
        "key": state["key"],
        "clock": clock(waited, since=state["at"], until=now),
        "is_over": more_polls >= 0,
        "is_paused": is_paused,
    }
    found = invoke(run, run.target.experiment_analysis, request)
    after = {} if is_paused else _acted(run, arms, state, seen, found)
    return {**after, "key": found["key"], **({"changed_at": now} if "weights" in after else {})}


def _acted(run: Run, arms: list[str], state: State, seen: State, found: State) -> State:
    """By what the analysis has found, which is left alone while rollouts are paused; within a step.

    Weights are recorded before they are set: a process that ends in between does both again, one that ends later finds
    them set.
    """
    if found["winner"] is not None:
        return {"ended": found["explanation"], "winner": found["winner"]}
    # As they are: an update of the endpoint, a deployment's for instance, has set them back.
    shares, weights = found["shares"], [each["weight"] for each in seen["variants"]]
    if not differ(shares, weights):
        return {"weights": shares} if differ(weights, state["weights"]) else {}
    about = run.of_package(arms[0])
    wanted = {"weights": dict(zip(arms, shares, strict=True)), "poll": state["polls"]}
    audit(about, "weights", wanted)
    if _weigh(run, seen, shares):
        return {"weights": shares}
    audit(about, "weights not set, the endpoint is updated", wanted)
    return {}


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
