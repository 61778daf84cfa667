"""Between the gates and the update: the candidate as a shadow of the live model, until it is proven no worse.

CloudFormation adds the shadow variant to the endpoint config, and every update that does not name the candidate takes
it away again. No user gets its responses, so there is no hurry: it is rejected or proven by what it responds.
"""

from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.canary.shadow_comparison import SAME_FOR_USERS, wait_seconds
from slipway.canary.statistics.evidence import Decision
from slipway.metrics import SHADOW_VARIANT
from slipway.rollout.failure_causes import is_candidates
from slipway.rollout.steps import Kind, RolloutStep

from . import live, stack
from .function_calls import MOST_FAILED, FunctionError, clock, error_name, invoke
from .live import Live, ObservedEndpoint
from .lock import Lock
from .pause import Pause
from .recording import audit, notify, record
from .restore import NotRestored, delete, restore_seconds
from .run import Rejection, Run, State

STACK_SECONDS = 60
_ROLLBACK = "rollback"
_NOTHING: State = {
    "decision": 0,
    "explanation": "",
    "checkpoint": None,
    "failed": 0,
    "polls": 0,
    "seconds": 0.0,
    "gives_way": "",
}


class ShadowTest:
    """The shadow of one execution.

    Attributes:
        explanation: what the comparison has shown, or empty where there was none.
        proven: the metrics of which the canary needs no more evidence, by what has proven them.
    """

    def __init__(self, run: Run, lock: Lock, pause: Pause) -> None:
        self._run, self._lock, self._pause = run, lock, pause
        self._seconds = restore_seconds(run.target.timeout_seconds)
        self._proven_beside, self._attempts = "", 0
        self._replaced: list[Live] = []
        self.explanation = ""
        self.proven: dict[str, str] = {}

    def prove(self, previous: Live) -> Live | None:
        """What serves with the candidate beside it; None where it has given way, and all has to be read again.

        A rollback goes to a model that has served: it is no shadow before.

        Raises:
            Rejection: the candidate is worse, does not start, or was not proven in the time.
        """
        run = self._run
        is_wanted = run.target.shadow_seconds and run.request.kind is not Kind.ROLLBACK and previous.config
        if not is_wanted or self._proven_beside == previous.package:
            return previous
        shadowed = self._enter(previous)
        if shadowed is None:
            run.steps.wait(RolloutStep.ENTER_SHADOW, STACK_SECONDS)
            return None
        last = self._compare(shadowed)
        if given := last["gives_way"]:
            self._give_way(given)
            return None
        self.explanation = last["explanation"]
        self._decide(last)
        self._proven_beside = shadowed.package
        return shadowed

    def leave(self) -> None:
        """Remove the shadow, also an earlier execution's, and delete what it leaves unused; nothing if there is none.

        Raises:
            NotRestored: the endpoint was not seen without it.
            CallError: AWS refused a call.
        """
        run = self._run
        if not run.target.shadow_seconds:
            return
        while (now := stack.read_settled(run, RolloutStep.READ_SHADOW, self._seconds))["shadow"]:
            begun = stack.update(run, RolloutStep.LEAVE_SHADOW, now["package"], has_served=True, attempt=self._attempts)
            if begun is stack.Begun.BUSY:
                run.steps.wait(RolloutStep.LEAVE_SHADOW, STACK_SECONDS)
                continue
            now = stack.read_settled(run, RolloutStep.WAIT_FOR_LEAVE, self._seconds)
            if now["shadow"]:
                raise NotRestored(f"its stack ended {now['status']} and still names the shadow {now['shadow']}")
        serving = live.read_settled(run).live
        if serving.shadow:
            raise NotRestored(f"the endpoint still has the shadow {serving.shadow}")
        for each in self._replaced:
            run.steps.do(RolloutStep.DELETE_SHADOW, lambda each=each: _delete(run, each, serving))  # type: ignore[misc]
        self._replaced.clear()

    def hand_over(self) -> None:
        """The update replaces the shadow's config: it is the update's to keep or to delete, but for the shadow."""
        if self._replaced:
            self._replaced[-1] = replace(self._replaced[-1], config="")

    def _enter(self, previous: Live) -> Live | None:
        """None where the stack was busy."""
        run = self._run
        begun = stack.update(
            run,
            RolloutStep.ENTER_SHADOW,
            previous.package,
            shadow=run.request.package,
            has_served=True,
            attempt=self._attempts,
        )
        if begun is stack.Begun.BUSY:
            return None
        self._attempts += 1
        self._replaced.append(previous)
        self._announce(previous)
        settled = stack.read_settled(run, RolloutStep.WAIT_FOR_SHADOW, self._seconds)
        found = live.read_settled(run)
        if found.live.shadow != run.request.package:
            raise self._not_entered(settled, found)
        self._replaced.append(found.live)
        return found.live

    def _give_way(self, to: str) -> None:
        """A rollback's own update takes the shadow away, at once; a pause may last for days."""
        if to == _ROLLBACK:
            self._lock.leave()
        else:
            self.leave()

    def _announce(self, previous: Live) -> None:
        run = self._run
        record(run, "shadow begun", {"previous": previous.package})
        what = f"{run.request.package} is a shadow of endpoint {run.target.endpoint}: no user gets its responses"
        notify(run, "shadow begun", f"{what}; execution {run.steps.execution}")

    def _not_entered(self, settled: dict[str, str], found: ObservedEndpoint) -> Rejection:
        """Both models are on the new fleet: it is the candidate's fault only where its variant is named."""
        run = self._run
        reason = found.failure or stack.failed_resource(run) or settled["reason"] or settled["status"]
        blamed = f"variant {SHADOW_VARIANT}" in reason and is_candidates(reason)
        return Rejection(f"the candidate did not become a shadow: {reason}", by="shadow", is_candidates=blamed)

    def _compare(self, shadowed: Live) -> State:
        run, most = self._run, self._run.target.shadow_seconds
        begun = run.steps.do(RolloutStep.BEGIN_SHADOW, run.now)

        def check(state: State) -> State:
            """A poll that fails leaves the checkpoint as it is: the next one catches up."""
            now, waited = run.now(), wait_seconds(state["polls"], most)
            after = {
                **state,
                "polls": state["polls"] + 1,
                "seconds": state["seconds"] + waited,
                "at": now,
                "gives_way": self._gives_way(),
            }
            passed = clock(waited, since=state["at"], until=now)
            since = {"since": begun, "waited": after["seconds"], "most": most}
            return {**after, **_analysed(run, shadowed, state, passed=passed, since=since)}

        def pause(state: State) -> float | None:
            return None if _is_over(run, state) else float(wait_seconds(state["polls"], most))

        run.steps.wait(RolloutStep.BEGIN_SHADOW, wait_seconds(0, most))
        return run.steps.poll(RolloutStep.SHADOW, check, {**_NOTHING, "at": begun}, pause)

    def _gives_way(self) -> str:
        """To whom or what, or empty; within a step."""
        if self._lock.is_wanted_by_rollback():
            return _ROLLBACK
        package = self._run.client("sagemaker").describe_model_package(ModelPackageName=self._run.request.package)
        is_revoked = package["ModelApprovalStatus"] != "Approved"
        return "pause" if is_revoked or self._pause.is_set() else ""

    def _decide(self, last: State) -> None:
        run, explanation = self._run, last["explanation"]
        if last["decision"] == Decision.ROLL_BACK:
            raise Rejection(f"as a shadow: {explanation}", by="shadow")
        if last["decision"] == Decision.PROMOTE:
            self.proven = dict.fromkeys(SAME_FOR_USERS, "as a shadow")
        if self.proven or run.target.proceeds:
            record(run, "shadow ended", {"decision": last["decision"], "explanation": explanation})
            return
        if last["failed"] >= MOST_FAILED:
            raise Rejection(f"as a shadow: {explanation}", by="shadow", is_candidates=False)
        raise Rejection(f"as a shadow: the time is over with too little evidence: {explanation}", by="shadow")


def _is_over(run: Run, state: State) -> bool:
    return (
        bool(state["gives_way"])
        or state["decision"] != Decision.EXTEND
        or state["failed"] >= MOST_FAILED
        or state["seconds"] >= run.target.shadow_seconds
    )


def _analysed(
    run: Run, shadowed: Live, before: State, *, passed: dict[str, Any], since: dict[str, float]
) -> dict[str, Any]:
    payload = {
        "endpoint": run.target.endpoint,
        "package": run.request.package,
        "previous_package": shadowed.package,
        "previous_config": shadowed.config,
        "checkpoint": before["checkpoint"],
        "clock": passed,
        "shadow": since,
    }
    try:
        after = invoke(run, run.target.canary_analysis, payload)
    except (ClientError, BotoCoreError, FunctionError) as exc:
        failed = before["failed"] + 1
        explanation = f"the canary analysis failed at {failed} polls in a row, the last time by {error_name(exc)}"
        return {"failed": failed, "explanation": before["explanation"] if failed < MOST_FAILED else explanation}
    known = {name: after[name] for name in ("decision", "explanation", "checkpoint")}
    if after["changed"]:
        detail = {"previous": shadowed.package, "decision": known["decision"], "explanation": known["explanation"]}
        audit(run, "shadow decision", detail)
    return {**known, "failed": 0}


def _delete(run: Run, unused: Live, serving: Live) -> bool:
    """A config that was replaced, and its shadow's model; the model that serves is in the newer config too."""
    if unused.config and unused.config == serving.config:
        return False
    return delete(run, Live(config=unused.config, model=unused.shadow_model))
