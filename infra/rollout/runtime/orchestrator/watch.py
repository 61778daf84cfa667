"""The update while it happens: the stack is polled, and the canary analysis compares both fleets at each poll."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.canary.statistics.evidence import Decision
from slipway.metrics import decision_datum, decision_namespace
from slipway.rollout.steps import RolloutStep, poll_seconds

from . import stack
from .function_calls import MOST_FAILED, FunctionError, clock, error_name, invoke
from .live import Live
from .recording import audit
from .run import Failure, Run, State

NO_DECISION = {
    "decision": 0,
    "explanation": "no poll of the canary analysis compared the fleets",
    "settled": False,
    "checkpoint": None,
    "failed": 0,
    "rolled_back": False,
}


@dataclass(frozen=True)
class Watched:
    """How the update ended: the stack, and what the analysis made of the new fleet, if it did not fail by itself."""

    stack: dict[str, str]
    decision: int
    explanation: str
    settled: bool
    analysis_failed: bool

    @property
    def is_against(self) -> bool:
        return self.decision == Decision.ROLL_BACK

    def failure(self, reason: str) -> Failure:
        """Of a decision against the new fleet."""
        return Failure(reason, is_candidates=not self.analysis_failed)


def watch(run: Run, previous: Live, *, proven: Mapping[str, str]) -> Watched:
    """Poll until the update has ended; of the metrics that are proven the analysis needs no more evidence."""
    seconds = poll_seconds(run.target.timeout_seconds)
    analysis = _Analysis(run, previous, seconds, proven) if run.target.canary_analysis and previous.config else None

    def check(state: State) -> State:
        found = stack.read(run)
        analysed = analysis.advance(state["analysis"], since=state["since"]) if analysis else state["analysis"]
        return {"stack": found, "analysis": analysed, "since": run.now()}

    def pause(state: State) -> float | None:
        return seconds if state["stack"]["status"].endswith(stack.IN_PROGRESS) else None

    begun = run.steps.do(RolloutStep.BEGIN_WATCH, run.now)
    run.steps.wait(RolloutStep.BEGIN_WATCH, seconds)
    last = run.steps.poll(RolloutStep.WATCH, check, {"analysis": NO_DECISION, "since": begun}, pause)
    analysed = last["analysis"]
    return Watched(
        last["stack"], analysed["decision"], analysed["explanation"], analysed["settled"], analysed["rolled_back"]
    )


class _Analysis:
    """A poll of the analysis that fails is left out: its checkpoint is unchanged, and the next one catches up.

    After too many in a row the new fleet is not compared any more, and it is rolled back, unless a rollout proceeds
    without evidence.
    """

    def __init__(self, run: Run, previous: Live, seconds: int, proven: Mapping[str, str]) -> None:
        self._run, self._previous, self._seconds, self._proven = run, previous, seconds, proven

    def advance(self, before: State, *, since: float) -> State:
        if before["rolled_back"]:
            self._publish_rollback()  # its alarm may not have it yet
            return before
        try:
            after = self._invoke(before["checkpoint"], since)
        except (ClientError, BotoCoreError, FunctionError) as exc:
            return before if self._run.target.proceeds else self._failed(before, exc)
        wanted = ("decision", "explanation", "settled", "checkpoint")
        known = {**NO_DECISION, **{name: after[name] for name in wanted if after[name] != ""}}
        if after["changed"]:
            self._record(known)
        return known

    def _invoke(self, checkpoint: Any, since: float) -> dict[str, Any]:
        payload = {
            "endpoint": self._run.target.endpoint,
            "package": self._run.request.package,
            "previous_package": self._previous.package,
            "previous_config": self._previous.config,
            "checkpoint": checkpoint,
            "proven": dict(self._proven),
            # Bakes are waits too: the length of this one gives their speed.
            "clock": clock(self._seconds, since=since, until=self._run.now()),
        }
        return invoke(self._run, self._run.target.canary_analysis, payload)

    def _failed(self, before: State, error: Exception) -> State:
        failed = {**before, "failed": before["failed"] + 1}
        if failed["failed"] < MOST_FAILED or not self._publish_rollback():
            return failed
        explanation = (
            f"roll back: the canary analysis failed at {failed['failed']} polls in a row, "
            f"the last time by {error_name(error)}"
        )
        rollback = {"decision": int(Decision.ROLL_BACK), "explanation": explanation, "settled": True}
        ended = {**failed, **rollback, "rolled_back": True}
        self._record(ended)
        return ended

    def _publish_rollback(self) -> bool:
        """Publish the decision in the analysis's place, where a new fleet is on its way; else the next poll tries."""
        endpoint = self._run.target.endpoint
        try:
            found = self._run.client("sagemaker").describe_endpoint(EndpointName=endpoint)
            config = found.get("PendingDeploymentSummary", {}).get("EndpointConfigName")
            if not config:
                return False
            datum = decision_datum(Decision.ROLL_BACK, endpoint=endpoint, config=config)
            self._run.client("cloudwatch").put_metric_data(Namespace=decision_namespace(endpoint), MetricData=[datum])
        except (ClientError, BotoCoreError):
            return False
        return True

    def _record(self, analysed: State) -> None:
        detail = {
            "previous": self._previous.package,
            "decision": analysed["decision"],
            "explanation": analysed["explanation"],
        }
        audit(self._run, "decision", detail)
