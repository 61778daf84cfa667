"""One rollout at a time, in the order of the approvals: a queue in S3 that is only ever replaced as it was read."""

import json
from collections.abc import Callable
from contextlib import suppress

from botocore.exceptions import ClientError

from slipway.rollout.queue import Queue, Waiting
from slipway.rollout.steps import Kind, RolloutStep

from .run import CallError, Rejection, Run, State

ORDER_SECONDS = 5
"""Events of approvals that are close together may arrive in another order than they were given."""
LONGER_SECONDS = 15
"""What each wait for the lock lasts longer than the one before."""
ROLLBACK_SECONDS = 600
"""The longest pause between two polls of what has no end: a rollback or a rejection."""
LIMIT_SECONDS = 3 * 24 * 3600
_ATTEMPTS = 20
_CHANGED = ("PreconditionFailed", "ConditionalRequestConflict")
_OVERDUE = "it waited for the lock for three days; approve it again when the rollouts before it have ended"


class Lock:
    """The lock of one endpoint, as one execution sees it.

    An execution that is stopped or fails leaves the queue: the next one finds that it runs no more, and removes it.
    """

    def __init__(self, run: Run, *, limit_seconds: float | None = None) -> None:
        self._run, self._has_joined = run, False
        has_limit = run.request.kind is Kind.APPROVAL
        self._limit = limit_seconds or (LIMIT_SECONDS if has_limit else None)

    def take(self) -> None:
        """Wait until this execution has the lock.

        Raises:
            Rejection: it waited for three days; a rollback and a rejection wait for as long as it takes.
        """
        steps = self._run.steps
        if not self._has_joined:
            self._has_joined = True
            steps.do(RolloutStep.JOIN_QUEUE, self._join)
            steps.wait(RolloutStep.ORDER, ORDER_SECONDS)
        last = steps.poll(RolloutStep.LOCK, self._try, {"taken": False, "waited": 0, "pause": 0}, _pause)
        if not last["taken"]:
            raise Rejection(_OVERDUE, by="lock")

    def leave(self) -> None:
        """Let others pass while this execution is paused; it keeps its place."""
        me = self._run.steps.execution
        self._run.steps.do(RolloutStep.LEAVE_LOCK, lambda: self._change(lambda queue: queue.paused(me)) is None)

    def is_wanted_by_rollback(self) -> bool:
        """Whether one waits for this execution, which may give way to it; to be called within a step."""
        queue, _ = self._read()
        others = [each for each in self._running(queue).entries if each.execution != self._run.steps.execution]
        return any(each.kind is Kind.ROLLBACK for each in others)

    def release(self) -> None:
        me = self._run.steps.execution
        with suppress(CallError):  # the others see that this execution runs no more
            self._run.steps.do(RolloutStep.RELEASE, lambda: self._change(lambda queue: queue.left(me)) is None)

    def _join(self) -> bool:
        self._change(lambda queue: queue.joined(self._entry()))
        return True

    def _entry(self) -> Waiting:
        request = self._run.request
        since = self._run.now() if request.requested_at is None else request.requested_at
        return Waiting(self._run.steps.execution, request.package, request.kind, since)

    def _try(self, state: State) -> State:
        me = self._run.steps.execution
        # A deleted queue begins anew.
        queue = self._change(lambda queue: queue.joined(self._entry()).taken(me))
        waited = state["waited"] + state["pause"]
        pause = state["pause"] + LONGER_SECONDS
        if self._limit is None:
            pause = min(pause, ROLLBACK_SECONDS)
        elif waited >= self._limit and not self._is_twin(queue):
            pause = 0
        return {"taken": queue.holder == me, "waited": waited, "pause": min(pause, self._limit or pause)}

    def _is_twin(self, queue: Queue) -> bool:
        """A rejection would reject the package that an earlier execution is rolling out."""
        return self._run.request.kind is Kind.APPROVAL and queue.has_twin_ahead(self._run.steps.execution)

    def _change(self, change: Callable[[Queue], Queue]) -> Queue:
        """Replace the queue only as it was read; after another change it is read again."""
        s3, place = self._run.client("s3"), {"Bucket": self._run.target.bucket, "Key": self._run.target.queue_key}
        for _ in range(_ATTEMPTS):
            before, condition = self._read()
            after = change(self._running(before))
            if after == before:
                return after
            body = json.dumps(after.to_document(), sort_keys=True).encode()
            try:
                s3.put_object(**place, Body=body, ContentType="application/json", **condition)
            except ClientError as exc:
                if exc.response["Error"]["Code"] not in _CHANGED:
                    raise
            else:
                return after
        raise CallError("QueueBusy", f"others changed {self._run.target.queue_key} {_ATTEMPTS} times in a row")

    def _read(self) -> tuple[Queue, dict[str, str]]:
        s3 = self._run.client("s3")
        try:
            found = s3.get_object(Bucket=self._run.target.bucket, Key=self._run.target.queue_key)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "NoSuchKey":
                raise
            return Queue(), {"IfNoneMatch": "*"}
        try:
            queue = Queue.from_document(json.loads(found["Body"].read()))
        except (ValueError, TypeError, KeyError, AttributeError) as exc:
            place = f"s3://{self._run.target.bucket}/{self._run.target.queue_key}"
            raise CallError("QueueUnreadable", f"{place} is no queue; delete it, and approve again: {exc}") from exc
        return queue, {"IfMatch": found["ETag"]}

    def _running(self, queue: Queue) -> Queue:
        me = self._run.steps.execution
        others = {queue.holder, *(entry.execution for entry in queue.entries)} - {"", me}
        return queue.only({me, *filter(self._runs, others)})

    def _runs(self, execution: str) -> bool:
        try:
            found = self._run.client("lambda").get_durable_execution(DurableExecutionArn=execution)
        except ClientError as exc:
            if exc.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return False
        return str(found["Status"]) == "RUNNING"


def _pause(state: State) -> float | None:
    return None if state["taken"] or not state["pause"] else state["pause"]
