"""Log an execution of the training pipeline to MLflow: a run for it, with one for each of its jobs inside."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.errors import InputError, LaunchError
from slipway.operations.tracked_execution import TrackedExecution, TrackedJob

TRACKING_URI = "MLFLOW_TRACKING_URI"
_EXECUTION = "slipway.execution"
_OURS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_DISABLE_TELEMETRY": "true"}
"""Where the user has not set them: MLflow would try for minutes, and report its use to its maker."""
_STATUSES = {"Completed": "FINISHED", "Succeeded": "FINISHED", "Stopped": "KILLED"}
_FAILED = "FAILED"


@dataclass(frozen=True)
class MlflowRun:
    """The run of an execution; `again` if it had been logged before."""

    experiment: str
    run_id: str
    jobs: int
    again: bool


def tracking_uri() -> str | None:
    return os.environ.get(TRACKING_URI) or None


def log_to_mlflow(execution: TrackedExecution, *, experiment: str) -> MlflowRun:
    """Log to the server of `MLFLOW_TRACKING_URI`; an attempt that was cut short before is replaced.

    Raises:
        InputError: MLflow is not installed.
        LaunchError: MLflow cannot be reached or refuses a call.
    """
    with _mlflow() as mlflow:
        return _Log(mlflow, mlflow.MlflowClient(), execution).write(experiment)


@contextmanager
def _mlflow() -> Iterator[Any]:
    for name, value in _OURS.items():
        os.environ.setdefault(name, value)
    try:
        import mlflow  # noqa: PLC0415 — an extra, and two seconds
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError as exc:
        raise InputError(
            f"{TRACKING_URI} is set, which needs the package mlflow-skinny: pip install 'slipway[mlflow]', or unset it"
        ) from exc
    try:
        yield mlflow
    except MlflowException as exc:
        raise LaunchError(f"MLflow at {tracking_uri()} does not take the run: {exc}") from exc


@dataclass(frozen=True)
class _Log:
    mlflow: Any
    client: Any
    execution: TrackedExecution

    def write(self, experiment: str) -> MlflowRun:
        client, execution = self.client, self.execution
        found = client.get_experiment_by_name(experiment)
        where = found.experiment_id if found else client.create_experiment(experiment)
        jobs = len(execution.jobs)
        if (logged := self._logged_before(where)) is not None:
            return MlflowRun(experiment, logged, jobs, again=True)
        parent = self._begin(where, execution.name, execution.started, self._tags())
        self._values(parent, execution.ended, {}, execution.metrics)
        for job in execution.jobs:
            self._log_job(where, parent, job)
        # Last, so that a run that was cut short is still running.
        client.set_terminated(parent, _STATUSES.get(execution.status, _FAILED), _ms(execution.ended))
        return MlflowRun(experiment, parent, jobs, again=False)

    def _logged_before(self, experiment_id: str) -> str | None:
        wanted = f"tags.`{_EXECUTION}` = '{self.execution.arn}'"
        runs = self.client.search_runs([experiment_id], filter_string=wanted, max_results=1000)
        whole = [run for run in runs if "mlflow.parentRunId" not in run.data.tags and run.info.status != "RUNNING"]
        if whole:
            return str(whole[0].info.run_id)
        for run in runs:
            self.client.delete_run(run.info.run_id)
        return None

    def _log_job(self, experiment_id: str, parent: str, job: TrackedJob) -> None:
        started = job.started or self.execution.started
        tags = {"mlflow.parentRunId": parent, _EXECUTION: self.execution.arn, "slipway.step": job.step}
        tags |= {"slipway.job": job.arn} | ({"slipway.reused_from": job.reused_from} if job.reused_from else {})
        run = self._begin(experiment_id, job.name, started, tags)
        ended = job.ended or started
        self._values(run, ended, job.parameters, job.metrics)
        self.client.set_terminated(run, _STATUSES.get(job.status, _FAILED), _ms(ended))

    def _tags(self) -> dict[str, str]:
        execution = self.execution
        tags = {
            _EXECUTION: execution.arn,
            "mlflow.source.type": "JOB",
            "mlflow.source.name": execution.arn.partition("/execution/")[0],
            "mlflow.source.git.commit": execution.commit,
            "slipway.reason": execution.reason,
            **{f"slipway.{name}": value for name, value in execution.facts.items()},
        }
        return {name: value for name, value in tags.items() if value}

    def _begin(self, experiment_id: str, name: str, started: datetime, tags: Mapping[str, str]) -> str:
        made = self.client.create_run(experiment_id, start_time=_ms(started), tags=dict(tags), run_name=name)
        return str(made.info.run_id)

    def _values(self, run: str, at: datetime, parameters: Mapping[str, str], metrics: Mapping[str, float]) -> None:
        entities = self.mlflow.entities
        self.client.log_batch(
            run,
            metrics=[entities.Metric(_metric(name), value, _ms(at), 0) for name, value in metrics.items()],
            params=[entities.Param(name, value) for name, value in parameters.items()],
        )


def _metric(name: str) -> str:
    """Without the colon, which MLflow refuses on some systems."""
    return name.replace(":", ".")


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
