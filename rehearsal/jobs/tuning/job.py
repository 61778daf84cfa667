"""Run one hyperparameter tuning job: start training jobs, learn from those that end, keep the best."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.jobs.tuning.tuning_plan import TuningError, TuningPlan, read_plan
from rehearsal.jobs.tuning.tuning_state import (
    Trial,
    TuningOutcome,
    TuningState,
    objective_counters,
    training_job_counters,
)


def run_tuning(
    request: Mapping[str, Any],
    *,
    name: str,
    sagemaker: Any,
    seed: int | None = None,
    on_progress: Callable[[TuningState], None],
    stopped: threading.Event,
    poll_seconds: float = 0.15,
) -> TuningOutcome:
    """Run a CreateHyperParameterTuningJob request to its end; blocks, and does not raise for what the jobs do wrong.

    Args:
        request: As the API got it.
        name: The tuning job's name; its training jobs are `<name>-001-<8 hexadecimal digits>`.
        sagemaker: A boto3 client; the training jobs are made through it.
        seed: Used where the request has no RandomSeed.
        on_progress: Called whenever a training job has started or ended.
        stopped: Set it from another thread to stop the search and its jobs.
        poll_seconds: Between two polls of the running jobs.
    """
    try:
        plan = read_plan(request, seed=seed)
    except TuningError as exc:
        return TuningOutcome(status="Failed", failure_reason=f"ClientError: {exc}")
    return _TuningJob(plan, name, sagemaker, on_progress, stopped, poll_seconds).run()


@dataclass
class _TuningJob:
    plan: TuningPlan
    name: str
    sagemaker: Any
    on_progress: Callable[[TuningState], None]
    stopped: threading.Event
    poll_seconds: float
    trials: list[Trial] = field(default_factory=list)
    best: Trial | None = None

    def __post_init__(self) -> None:
        self.search = self.plan.search()
        self.deadline = time.monotonic() + self.plan.max_runtime_seconds

    def run(self) -> TuningOutcome:
        error: str | None = None
        try:
            while self._may_go_on():
                self._fill()
                if not self._running():
                    break
                self.stopped.wait(self.poll_seconds)
                self._look()
        except (ClientError, BotoCoreError) as exc:
            error = f"ClientError: {exc}"
        self._end_running()
        return self._outcome(error)

    def _may_go_on(self) -> bool:
        if self.stopped.is_set() or time.monotonic() >= self.deadline:
            return False
        best = self.best.objective if self.best else None
        return best is None or not self.plan.reaches_target(best)

    def _running(self) -> list[Trial]:
        return [trial for trial in self.trials if not trial.ended]

    def _fill(self) -> None:
        while len(self._running()) < self.plan.max_parallel and len(self.trials) < self.plan.max_jobs:
            if (suggestion := self.search.ask()) is None:
                return
            number, candidate = suggestion
            job_name = f"{self.name}-{len(self.trials) + 1:03d}-{secrets.token_hex(4)}"
            self.sagemaker.create_training_job(**self.plan.training_request(job_name, candidate))
            description = self.sagemaker.describe_training_job(TrainingJobName=job_name)
            self.trials.append(Trial(number, job_name, candidate, description))
            self.on_progress(self._state())

    def _look(self) -> None:
        for trial in self._running():
            trial.description = self.sagemaker.describe_training_job(TrainingJobName=trial.job_name)
            if trial.ended:
                self._learn(trial)
                self.on_progress(self._state())

    def _learn(self, trial: Trial) -> None:
        trial.read_objective(self.plan.metric_name)
        self.search.tell(trial.number, trial.objective)
        best = self.best.objective if self.best else None
        if trial.objective is not None and (best is None or self.plan.better(trial.objective, best)):
            self.best = trial

    def _end_running(self) -> None:
        for trial in self._running():
            # One that has ended this very moment cannot be stopped any more.
            with contextlib.suppress(ClientError, BotoCoreError):
                self.sagemaker.stop_training_job(TrainingJobName=trial.job_name)
        with contextlib.suppress(ClientError, BotoCoreError):
            while self._running():
                self._look()
                time.sleep(self.poll_seconds)

    def _state(self) -> TuningState:
        return TuningState(*self._shown())

    def _outcome(self, error: str | None) -> TuningOutcome:
        shown = self._shown()
        if error:
            return TuningOutcome(*shown, status="Failed", failure_reason=error)
        if self.stopped.is_set():
            return TuningOutcome(*shown, status="Stopped")
        if self.best is None:
            reasons = [str(trial.description.get("FailureReason") or trial.status) for trial in self.trials]
            first = reasons[0] if reasons else "none was started"
            text = f"No training job succeeded after {len(self.trials)} attempts; the first: {first}"
            return TuningOutcome(*shown, status="Failed", failure_reason=text[:1024])
        return TuningOutcome(*shown, status="Completed")

    def _shown(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None, dict[str, int], dict[str, int]]:
        objective = self.plan.objective
        best = self.best.summary(objective) if self.best else None
        rows = [trial.summary(objective) for trial in self.trials]
        return rows, best, training_job_counters(self.trials), objective_counters(self.trials)
