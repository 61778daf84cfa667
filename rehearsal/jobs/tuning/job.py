"""Run one hyperparameter tuning job: start training jobs, learn from those that end, keep the best."""

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.jobs.tuning.tuning_plan import Earlier, TuningError, TuningPlan, read_plan
from rehearsal.jobs.tuning.tuning_state import (
    TuningOutcome,
    TuningState,
    TuningTrial,
    objective_counters,
    training_job_counters,
)
from slipway.rounding import counted


def run_tuning(
    request: Mapping[str, Any],
    *,
    name: str,
    sagemaker: Any,
    seed: int | None = None,
    on_progress: Callable[[TuningState], None],
    stopped: threading.Event,
    earlier: Earlier = (),
    reported: Callable[[str], Sequence[float]] = lambda _: (),
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
        earlier: Results of the tuning jobs that this one starts from.
        reported: Gives what a training job has reported of the objective so far, by its name.
        poll_seconds: Between two polls of the running jobs.
    """
    try:
        plan = read_plan(request, seed=seed)
    except TuningError as exc:
        return TuningOutcome(status="Failed", failure_reason=f"ClientError: {exc}")
    return _TuningJob(plan, name, sagemaker, on_progress, stopped, earlier, reported, poll_seconds).run()


@dataclass
class _TuningJob:
    """One search; what comes of it hangs on the results alone, not on which job ends first.

    Before a job is asked for, the search learns from all jobs up to the one whose place it takes, in the order in which
    they were asked for, and from none of those beside it.
    """

    plan: TuningPlan
    name: str
    sagemaker: Any
    on_progress: Callable[[TuningState], None]
    stopped: threading.Event
    earlier: Earlier
    reported: Callable[[str], Sequence[float]]
    poll_seconds: float
    trials: list[TuningTrial] = field(default_factory=list)
    learned: int = 0

    def __post_init__(self) -> None:
        self.proposals = self.plan.proposals(self.earlier)
        self.deadline = time.monotonic() + self.plan.max_runtime_seconds

    @property
    def in_order(self) -> bool:
        """Whether a job must wait for those before it, so that the same seed gives the same result."""
        return self.proposals.learns or self.plan.stopping is not None

    @property
    def best(self) -> TuningTrial | None:
        """The first of the best jobs, by the order in which they were asked for."""
        best: TuningTrial | None = None
        for trial in self.trials:
            value = trial.objective
            if value is not None and (best is None or self.plan.better(value, float(best.objective or 0))):
                best = trial
        return best

    def run(self) -> TuningOutcome:
        error: str | None = None
        try:
            while self._may_go_on():
                self._fill()
                if not self._running():
                    break
                self.stopped.wait(self.poll_seconds)
                self._poll()
        except (ClientError, BotoCoreError) as exc:
            error = f"ClientError: {exc}"
        self._end_running()
        return self._outcome(error)

    def _may_go_on(self) -> bool:
        if self.stopped.is_set() or time.monotonic() >= self.deadline:
            return False
        return (best := self.best) is None or not self.plan.reaches_target(float(best.objective or 0))

    def _running(self) -> list[TuningTrial]:
        return [trial for trial in self.trials if not trial.ended]

    def _fill(self) -> None:
        while len(self._running()) < self.plan.max_parallel and len(self.trials) < self.plan.max_jobs:
            known = max(0, len(self.trials) - self.plan.max_parallel + 1)
            if self.in_order and not self._learn(known):
                return
            if (proposal := self.proposals.ask()) is None:
                return
            job_name = f"{self.name}-{len(self.trials) + 1:03d}-{secrets.token_hex(4)}"
            self.sagemaker.create_training_job(
                **self.plan.training_request(proposal.definition, job_name, proposal.candidate)
            )
            description = self.sagemaker.describe_training_job(TrainingJobName=job_name)
            self.trials.append(TuningTrial(proposal, job_name, description, self._definition_name(proposal.definition)))
            self.on_progress(self._state())

    def _definition_name(self, definition: int) -> str | None:
        return self.plan.definitions[definition].name

    def _learn(self, known: int) -> bool:
        """Tell the search of the first `known` jobs, in their order; whether all of them have ended."""
        for trial in self.trials[self.learned : known]:
            if not trial.ended:
                return False
            self.proposals.tell(trial.proposal, trial.objective)
            self.learned += 1
        return True

    def _poll(self) -> None:
        for number, trial in enumerate(self.trials):
            if trial.ended:
                continue
            trial.description = self.sagemaker.describe_training_job(TrainingJobName=trial.job_name)
            if trial.ended:
                self._read(number, trial)
                self.on_progress(self._state())
            elif self.plan.stopping and self._stops_after(number, trial) and not trial.is_stopping:
                trial.is_stopping = True
                # One that has ended this very moment cannot be stopped any more.
                with contextlib.suppress(ClientError):
                    self.sagemaker.stop_training_job(TrainingJobName=trial.job_name)

    def _read(self, number: int, trial: TuningTrial) -> None:
        """Take the objective: of a job that is stopped, what it was when that was decided, however late it ended."""
        trial.read_objective(self.plan.definitions[trial.proposal.definition].metric_name)
        trial.reports = tuple(self.reported(trial.job_name))
        if (count := self._stops_after(number, trial)) is not None:
            trial.reports = trial.reports[:count]
            trial.objective = trial.reports[-1]

    def _stops_after(self, number: int, trial: TuningTrial) -> int | None:
        if self.plan.stopping is None:
            return None
        reports = trial.reports if trial.ended else tuple(self.reported(trial.job_name))
        earlier = self.trials[: max(0, number - self.plan.max_parallel + 1)]
        return self.plan.stopping.stops_after(
            reports,
            [each.reports for each in earlier if each.objective is not None],
            maximize=self.plan.maximize,
        )

    def _end_running(self) -> None:
        for trial in self._running():
            with contextlib.suppress(ClientError, BotoCoreError):
                self.sagemaker.stop_training_job(TrainingJobName=trial.job_name)
        with contextlib.suppress(ClientError, BotoCoreError):
            while self._running():
                self._poll()
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
            text = f"No training job succeeded after {counted(len(self.trials), 'attempt')}; the first: {first}"
            return TuningOutcome(*shown, status="Failed", failure_reason=text[:1024])
        return TuningOutcome(*shown, status="Completed")

    def _shown(self) -> tuple[list[dict[str, Any]], dict[str, Any] | None, dict[str, int], dict[str, int]]:
        objective = self.plan.definitions[0].objective
        best = self.best
        rows = [trial.summary(objective) for trial in self.trials]
        return (
            rows,
            best.summary(objective) if best else None,
            training_job_counters(self.trials),
            objective_counters(self.trials),
        )
