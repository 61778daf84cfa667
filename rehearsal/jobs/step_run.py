"""Run one step to its end: resolve, look up the cache, act, retry by policy."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from rehearsal.jobs.caching import CachedStep, StepCache, cache_key
from rehearsal.jobs.condition_step import is_true
from rehearsal.jobs.definition import Step
from rehearsal.jobs.execution_values import ExecutionValues
from rehearsal.jobs.expressions import UnresolvedError, as_text, resolve
from rehearsal.jobs.retries import next_wait
from rehearsal.jobs.step_actions import ACTIONS, StepContext, StepFailure, StepHalted
from rehearsal.jobs.step_records import StepRecord, StepStatus


@dataclass(frozen=True)
class RunContext:
    """What all steps of one execution share."""

    scope: ExecutionValues
    sagemaker: Any
    cache: StepCache
    pipeline_name: str
    execution_arn: str
    on_step: Callable[[StepRecord], None]
    halt: threading.Event
    poll_seconds: float
    speed: float
    """Waits between retries last seconds / speed."""
    experiment: Mapping[str, str] | None = None


@dataclass
class StepRun:
    """One step of one execution; `record` is what the API shows of it now."""

    step: Step
    context: RunContext
    record: StepRecord = field(init=False)

    def __post_init__(self) -> None:
        self.record = StepRecord(
            name=self.step.name,
            type=self.step.type,
            status="Starting",
            start_time=datetime.now(UTC),
            display_name=self.step.display_name,
            description=self.step.description,
        )

    def run(self) -> StepRecord:
        """Run it; what goes wrong is in the record."""
        self.context.on_step(self.record)
        try:
            self._show(status="Executing")
            self._act()
        except StepHalted:
            return self._end("Stopped")
        except (StepFailure, UnresolvedError) as exc:
            reason = str(exc) if isinstance(exc, StepFailure) else f"ClientError: {exc}"
            return self._end("Failed", failure_reason=reason[:1024])
        return self._end("Succeeded")

    def _act(self) -> None:
        match self.step.type:
            case "Condition":
                self._decide()
            case "Fail":
                self._fail()
            case _:
                self._compute(resolve(self.step.arguments, self.context.scope))

    def _decide(self) -> None:
        conditions = self.step.arguments["Conditions"]
        results = [is_true(each, lambda value: resolve(value, self.context.scope)) for each in conditions]
        self._show(metadata={"Condition": {"Outcome": str(all(results))}})
        self.context.scope.finish(self.step.name, {"Outcome": all(results)})

    def _fail(self) -> None:
        message = as_text(resolve(self.step.arguments.get("ErrorMessage", ""), self.context.scope))
        self._show(metadata={"Fail": {"ErrorMessage": message}})
        raise StepFailure(message)

    def _compute(self, arguments: Mapping[str, Any]) -> None:
        context, key = self.context, None
        if self.step.cache_max_age is not None:
            key = cache_key(context.pipeline_name, self.step.name, self.step.type, arguments)
            if cached := context.cache.find(key, self.step.cache_max_age):
                hit = {"SourcePipelineExecutionArn": cached.execution_arn}
                self._show(metadata=cached.metadata, cache_hit_result=hit)
                context.scope.finish(self.step.name, cached.result)
                return
        result = self._with_retries(arguments)
        context.scope.finish(self.step.name, result)
        if key is not None:
            ended = datetime.now(UTC)
            context.cache.store(key, CachedStep(result, self.record.metadata, context.execution_arn, ended))

    def _with_retries(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        began = time.monotonic()
        while True:
            try:
                return ACTIONS[self.step.type](arguments, self._step_context())
            except StepFailure as exc:
                elapsed = (time.monotonic() - began) * self.context.speed
                attempt = self.record.attempt_count
                wait = next_wait(self.step.retry_policies, exc.kind, attempt, elapsed)
                if wait is None:
                    raise
                if self.context.halt.wait(wait / self.context.speed):
                    raise StepHalted from exc
                self._show(attempt_count=attempt + 1)

    def _step_context(self) -> StepContext:
        context = self.context
        return StepContext(
            sagemaker=context.sagemaker,
            execution_id=context.execution_arn.rpartition("/")[2],
            step_name=self.step.name,
            halt=context.halt,
            poll_seconds=context.poll_seconds,
            on_metadata=lambda metadata: self._show(metadata=metadata),
            on_stopping=lambda: self._show(status="Stopping"),
            experiment=context.experiment,
        )

    def _show(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)
        self.context.on_step(self.record)

    def _end(self, status: StepStatus, failure_reason: str | None = None) -> StepRecord:
        self._show(status=status, end_time=datetime.now(UTC), failure_reason=failure_reason)
        return self.record
