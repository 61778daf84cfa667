"""Run SageMaker training and processing jobs as processes on this machine."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Program
from rehearsal.jobs.job_host import JobHost, JobRequest
from rehearsal.jobs.job_outcomes import LogSink, ProcessingOutcome, TrainingOutcome, TransformOutcome
from rehearsal.jobs.processing_job import run_processing
from rehearsal.jobs.spot import SpotMarket
from rehearsal.jobs.training_job import run_training
from rehearsal.jobs.transform.served_model import ServeModel
from rehearsal.jobs.transform.transform_job import run_transform

__all__ = ["LocalJobRunner", "ProcessingOutcome", "Program", "TrainingOutcome", "TransformOutcome"]


class LocalJobRunner:
    """Runs jobs to their end, one call a job; calls may overlap on different threads.

    Args:
        workdir: Each job gets a folder in it, removed when the job has ended.
        s3: A boto3 client.
        image_programs: The program behind an image URI; raises LookupError where there is none.
        backend: How a container becomes a process.
        endpoint_environment: AWS_* variables that lead a job's own AWS calls to the embedded AWS.
        stop_grace_seconds: Between SIGTERM and SIGKILL; SageMaker gives 120.
        spot: Where spot jobs get their instances; the default interrupts none.
        serve: Serves the model of a transform job; without it there are none.
    """

    def __init__(
        self,
        workdir: Path,
        s3: Any,
        image_programs: Callable[[str], Program],
        backend: Backend,
        endpoint_environment: Mapping[str, str],
        *,
        stop_grace_seconds: float = 5.0,
        spot: SpotMarket | None = None,
        serve: ServeModel | None = None,
    ) -> None:
        self._serve = serve
        environment = dict(endpoint_environment)
        self._host = JobHost(
            workdir, s3, image_programs, backend, environment, stop_grace_seconds, spot or SpotMarket()
        )

    def run_training(
        self, request: Mapping[str, Any], *, log: LogSink, stopped: threading.Event, arn: str = ""
    ) -> TrainingOutcome:
        """Run a CreateTrainingJob request; blocks, and does not raise for what the job does wrong.

        Args:
            request: As the API got it.
            log: Gets every line of stdout and stderr, as it is printed.
            stopped: Set it from another thread to stop the job.
            arn: The job's ARN, for its environment.
        """
        return run_training(self._host, JobRequest(request, arn, log, stopped))

    def run_processing(
        self, request: Mapping[str, Any], *, log: LogSink, stopped: threading.Event, arn: str = ""
    ) -> ProcessingOutcome:
        """Run a CreateProcessingJob request; as `run_training`."""
        return run_processing(self._host, JobRequest(request, arn, log, stopped))

    def run_transform(
        self,
        request: Mapping[str, Any],
        *,
        model: Mapping[str, Any],
        log: LogSink,
        stopped: threading.Event,
        arn: str = "",
    ) -> TransformOutcome:
        """Run a CreateTransformJob request; as `run_training`. `model` has Image, ModelDataUrl and Environment."""
        if self._serve is None:
            raise RuntimeError("a runner of transform jobs must be given what serves models")
        return run_transform(self._host, JobRequest(request, arn, log, stopped), model, self._serve)
