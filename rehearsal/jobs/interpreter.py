"""Execute a pipeline definition: every step as soon as what it needs has succeeded, side by side where it can."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from rehearsal.jobs.caching import StepCache
from rehearsal.jobs.definition import Definition, DefinitionError
from rehearsal.jobs.definition_reader import read_definition
from rehearsal.jobs.execution_trial import begin, experiment_config
from rehearsal.jobs.execution_values import ExecutionValues
from rehearsal.jobs.pipeline_parameters import bind
from rehearsal.jobs.run_progress import RunProgress
from rehearsal.jobs.step_actions import StepFailure
from rehearsal.jobs.step_records import RunOutcome, StepRecord
from rehearsal.jobs.step_run import RunContext, StepRun

__all__ = ["DefinitionError", "PipelineRun", "RunOutcome", "StepCache", "StepRecord", "read_definition"]

_LOOK_UP_SECONDS = 0.05


class PipelineRun:
    """One execution of one definition.

    The first step that fails ends the run: nothing new starts, and what still runs is stopped.

    Args:
        definition: The document, as a mapping or as JSON text.
        parameters: Values by name; the rest take their defaults.
        execution_arn: `arn:…:pipeline/<name>/execution/<id>`; job names contain the id.
        pipeline_name: For `Execution.PipelineName`, and for the cache, which is a pipeline's own.
        sagemaker: A boto3 client; the steps are calls to it.
        s3: A boto3 client; property files are read through it.
        on_step: Called for every change of a step, one at a time, from the threads that run the steps.
        cache: Shared by the executions of one control plane.
        stopped: Set it from another thread to stop the run.
        speed: Waits between retries last seconds / speed.
        poll_seconds: The longest time between two polls of a running job.

    Raises:
        DefinitionError: the document or a parameter is wrong; nothing has run.
    """

    def __init__(
        self,
        definition: Mapping[str, Any] | str,
        parameters: Mapping[str, Any],
        *,
        execution_arn: str,
        pipeline_name: str,
        sagemaker: Any,
        s3: Any,
        on_step: Callable[[StepRecord], None],
        cache: StepCache,
        stopped: threading.Event,
        speed: float = 1.0,
        poll_seconds: float = 0.15,
    ) -> None:
        self._definition: Definition = read_definition(definition)
        try:
            values = bind(self._definition.parameters, parameters)
        except ValueError as exc:
            raise DefinitionError(str(exc)) from exc
        self._on_step = on_step
        self._one_at_a_time = threading.Lock()
        self._stopped = stopped
        scope = ExecutionValues(
            execution_arn=execution_arn,
            pipeline_name=pipeline_name,
            parameters=values,
            steps=self._definition.steps,
            s3=s3,
        )
        self.experiment = experiment_config(self._definition.experiment, scope)
        self._context = RunContext(
            scope=scope,
            experiment=self.experiment,
            sagemaker=sagemaker,
            cache=cache,
            pipeline_name=pipeline_name,
            execution_arn=execution_arn,
            on_step=self._report,
            halt=threading.Event(),
            poll_seconds=poll_seconds,
            speed=speed,
        )

    def run(self) -> RunOutcome:
        """Run to the end; blocks."""
        if self.experiment is not None:
            try:
                begin(self._context.sagemaker, self.experiment)
            except StepFailure as exc:
                return RunOutcome("Failed", str(exc))
        progress = RunProgress(self._definition.steps)
        running: set[Future[StepRecord]] = set()
        with ThreadPoolExecutor(max_workers=len(progress.waiting), thread_name_prefix="step") as threads:
            try:
                while True:
                    if not self._context.halt.is_set():
                        running |= {threads.submit(StepRun(each, self._context).run) for each in progress.start_ready()}
                    if not running:
                        break
                    ended, running = wait(running, timeout=_LOOK_UP_SECONDS, return_when=FIRST_COMPLETED)
                    progress.end(future.result() for future in ended)
                    if progress.failed or self._stopped.is_set():
                        self._context.halt.set()
            except BaseException:
                self._context.halt.set()
                raise
        return progress.outcome()

    def _report(self, record: StepRecord) -> None:
        with self._one_at_a_time:
            self._on_step(record)
