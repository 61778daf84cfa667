"""The parameter by which operators pause rollouts, read before a rollout changes anything.

The parameter belongs to no stack: a deployment that also touched it would resume what a person has paused. The first
`slipway rollout pause` makes it, and until then every rollout goes on.
"""

from collections.abc import Callable

from botocore.exceptions import ClientError

from slipway.rollout.pause import ABORT, GO
from slipway.rollout.steps import Kind, RolloutStep

from .lock import Lock
from .run import CallError, Rejection, Run, State

SECONDS, POLLS = 30, 60
LATER_SECONDS, MOST_POLLS = 600, 480
"""Half an hour of quick polls, then slow ones up to three days; every pause of an execution counts together."""


class Pause:
    """Read twice by an execution: before the gates, and before the update, since an abort may come in between."""

    def __init__(self, run: Run, lock: Lock) -> None:
        self._run, self._lock, self._polls = run, lock, 0

    def wait(self, *, leaving: Callable[[], None] = lambda: None) -> bool:
        """Wait while rollouts are paused; whether it waited, and others may have passed.

        `leaving` is done before the lock is left to others.

        Raises:
            Rejection: an operator aborts this rollout, or it was paused for three days.
        """
        if self._run.request.kind is Kind.ROLLBACK:
            return False
        steps = self._run.steps
        try:
            if self._is_over(steps.do(RolloutStep.READ_PAUSE, self._read)):
                return False
            leaving()
            self._lock.leave()
            last = steps.poll(RolloutStep.PAUSED, self._poll, {"value": "", "polls": self._polls}, _seconds)
        except CallError as exc:
            reason = f"whether rollouts are paused could not be read: {exc}"
            raise Rejection(reason, by="pause", is_candidates=False) from exc
        self._polls = last["polls"]
        if not self._is_over(last["value"]):
            raise Rejection("it was paused for three days; approve it again when rollouts are resumed", by="pause")
        return True

    def is_set(self) -> bool:
        """Whether rollouts are paused, or one is aborted; to be called within a step."""
        return self._read() != GO

    def _is_over(self, value: str) -> bool:
        """An abort of another package pauses this one until that one has ended."""
        if value == f"{ABORT} {self._run.request.package}":
            raise Rejection("an operator aborted the rollout before it began", by="operator")
        return value == GO

    def _poll(self, state: State) -> State:
        value = self._read()
        return {"value": value, "polls": state["polls"] + 1, "mine": value == f"{ABORT} {self._run.request.package}"}

    def _read(self) -> str:
        try:
            found = self._run.client("ssm").get_parameter(Name=self._run.target.pause_parameter)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ParameterNotFound":
                raise
            return GO
        return str(found["Parameter"]["Value"])


def _seconds(state: State) -> float | None:
    if state["value"] == GO or state["mine"] or state["polls"] >= MOST_POLLS:
        return None
    return SECONDS if state["polls"] < POLLS else LATER_SECONDS
