"""Hyperparameter tuning jobs."""

import copy
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import in_use, not_found, validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.jobs import RUNNING
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record, epoch_ms
from rehearsal.cloud.sagemaker.ports import Tuner
from rehearsal.cloud.sagemaker.training_jobs import TrainingJobs
from rehearsal.cloud.sagemaker.tuning_definitions import definitions_of, objective_of
from rehearsal.cloud.sagemaker.tuning_summaries import counters, training_summary
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key
from rehearsal.cloud.sagemaker.warm_start import parent_errors, parents_of, results_of

_NAME, _ARN, _STATUS = "HyperParameterTuningJobName", "HyperParameterTuningJobArn", "HyperParameterTuningJobStatus"
_JOBS = Listing(
    "HyperParameterTuningJobSummaries", name=_NAME, status=_STATUS, default_sort="Name", default_order="Ascending"
)
_TRIALS = Listing(
    "TrainingJobSummaries",
    name="TrainingJobName",
    status="TrainingJobStatus",
    sort_keys={"FinalObjectiveMetricValue": "_objective"},
    default_sort="Name",
    default_order="Ascending",
)


class TuningJobs:
    def __init__(self, platform: Platform, tuner: Tuner) -> None:
        self._platform, self._tuner = platform, tuner
        self._jobs: dict[str, Record] = {}
        self._training: TrainingJobs | None = None

    def use(self, training: TrainingJobs) -> None:
        """Set the training jobs, which themselves need `job_arn_of`."""
        self._training = training

    def actions(self) -> Mapping[str, Action]:
        resource = "HyperParameterTuningJob"
        return {
            f"Create{resource}": self.create,
            f"Describe{resource}": self.describe,
            f"List{resource}s": self.list,
            f"Stop{resource}": self.stop,
            f"ListTrainingJobsFor{resource}": self.list_training_jobs,
        }

    def job_arn_of(self, training_job: str) -> str | None:
        """The running tuning job that starts training jobs under such a name."""
        owners = (job for name, job in self._jobs.items() if training_job.lower().startswith(f"{name}-"))
        return next((job[_ARN] for job in owners if job[_STATUS] in RUNNING), None)

    def create(self, request: Record) -> Record:
        name = request[_NAME]
        job_arn = arn("hyper-parameter-tuning-job", name.lower())
        if name.lower() in self._jobs:
            raise in_use(f"Hyperparameter tuning job names must be unique, and {job_arn} already exists")
        try:
            self._tuner.check(request)
        except ValueError as exc:
            raise validation_error(str(exc)) from exc
        for definition in definitions_of(request):
            refuse_volume_key(definition.get("ResourceConfig", {}))
        self._check_parents(request)
        now = self._platform.now()
        job: Record = {
            **copy.deepcopy(request),
            _ARN: job_arn,
            _STATUS: "InProgress",
            "CreationTime": now,
            "LastModifiedTime": now,
        }
        self._jobs[name.lower()] = job
        self._platform.tag(job_arn, request.get("Tags"))
        self._emit(job)
        frozen = copy.deepcopy(request)
        job["_stop"] = self._platform.workers.start(name, lambda stopped: self._run(job, frozen, stopped))
        return {_ARN: job_arn}

    def _run(self, job: Record, request: Record, stopped: threading.Event) -> None:
        status, reason = "Failed", None
        best: Any = None
        try:
            outcome = self._tuner(
                request,
                name=request[_NAME],
                on_progress=lambda *_: None,
                stopped=stopped,
                earlier=self._earlier(request),
                reported=self._reported(objective_of(request)["MetricName"]),
            )
            status, reason, best = outcome.status, outcome.failure_reason, outcome.best_training_job
        except Exception as exc:
            reason = f"InternalServerError: {exc}"
            raise
        finally:
            with self._platform.lock:
                now = self._platform.now()
                job |= {_STATUS: status, "LastModifiedTime": now, "HyperParameterTuningEndTime": now}
                job |= {"FailureReason": reason} if reason else {}
                job |= {"_best": best["TrainingJobName"]} if best else {}
                self._emit(job)

    def _check_parents(self, request: Record) -> None:
        for parent in parents_of(request):
            if errors := list(parent_errors(request, self._get({_NAME: parent}))):
                raise validation_error("; ".join(errors))

    def _earlier(self, request: Record) -> list[tuple[dict[str, str], float]]:
        """What the trials of its parents came to."""
        parents = [self._get({_NAME: name}) for name in parents_of(request)]
        return [result for parent in parents for result in results_of(self._trials(parent))]

    def _reported(self, metric: str) -> Callable[[str], Sequence[float]]:
        training = self._training
        return lambda name: training.reported(name, metric) if training else ()

    def describe(self, request: Record) -> Record:
        job = self._get(request)
        trials = self._trials(job)
        shown = {**job, **counters(trials)}
        if best := self._best(job, trials):
            shown["BestTrainingJob"] = best
        if overall := self._overall_best(job, trials):
            shown["OverallBestTrainingJob"] = overall
        return shown

    def _overall_best(self, job: Record, trials: list[Record]) -> Record | None:
        """Of its own and its parents' trials, where those saw the same data and algorithm."""
        if job.get("WarmStartConfig", {}).get("WarmStartType") != "IdenticalDataAndAlgorithm":
            return None
        parents = [self._jobs[name.lower()] for name in parents_of(job)]
        return _best_of(job, [*trials, *(trial for parent in parents for trial in self._trials(parent))])

    def _trials(self, job: Record) -> list[Record]:
        records = self._training.records if self._training else []
        return [training_summary(each, job) for each in records if each.get("TuningJobArn") == job[_ARN]]

    @staticmethod
    def _best(job: Record, trials: list[Record]) -> Record | None:
        """What the tuner has chosen, or while it runs the best so far."""
        if chosen := job.get("_best"):
            return next((trial for trial in trials if trial["TrainingJobName"] == chosen), None)
        return _best_of(job, trials)

    def list(self, request: Record) -> Record:
        rows = []
        for job in self._jobs.values():
            config = job["HyperParameterTuningJobConfig"]
            row = {"Strategy": config["Strategy"], "ResourceLimits": config["ResourceLimits"]}
            rows.append({**job, **row, **counters(self._trials(job))})
        return _JOBS.answer(rows, request)

    def list_training_jobs(self, request: Record) -> Record:
        trials = self._trials(self._get(request))
        if request.get("SortBy") == "FinalObjectiveMetricValue":
            trials = [trial for trial in trials if trial["_objective"] is not None]
        return _TRIALS.answer(trials, {key: value for key, value in request.items() if key != _NAME})

    def stop(self, request: Record) -> None:
        job = self._get(request)
        if job[_STATUS] not in RUNNING:
            raise validation_error(f"The request was rejected because the tuning job is in status {job[_STATUS]}.")
        job[_STATUS] = "Stopping"
        job["_stop"].set()

    def _get(self, request: Record) -> Record:
        name = request[_NAME]
        if name.lower() not in self._jobs:
            raise not_found(f"Requested resource not found: tuning job {name}.")
        return self._jobs[name.lower()]

    def _emit(self, job: Record) -> None:
        detail = {key: value for key, value in job.items() if not key.startswith("_")}
        detail |= {**counters(self._trials(job)), "Tags": self._platform.tags_of(job[_ARN])}
        self._platform.emit("SageMaker HyperParameter Tuning Job State Change", epoch_ms(detail), [job[_ARN]])


def _best_of(job: Record, trials: Sequence[Record]) -> Record | None:
    """The first of the best trials, by their names."""
    scored = sorted(
        (trial for trial in trials if trial["_objective"] is not None), key=lambda trial: str(trial["TrainingJobName"])
    )
    if not scored:
        return None
    maximize = objective_of(job)["Type"] == "Maximize"
    return (max if maximize else min)(scored, key=lambda trial: float(trial["_objective"]))
