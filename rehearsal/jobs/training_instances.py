"""The instances of a training job: one on demand, or a new one after each spot interruption, within its time limits."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.jobs.container_run import RunLimits
from rehearsal.jobs.job_host import JobHost, JobRequest
from rehearsal.jobs.job_outcomes import JobStopped


class TrainingInstances:
    """MaxRuntimeInSeconds is for all instances together, MaxWaitTimeInSeconds includes the time between them."""

    def __init__(self, host: JobHost, job_request: JobRequest) -> None:
        self.waited_seconds = 0.0
        self._host, self._job_request = host, job_request
        self._name: str = job_request.request["TrainingJobName"]
        self._is_spot: bool = job_request.request.get("EnableManagedSpotTraining", False)
        waits = job_request.request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds", math.inf)
        self._deadline = time.monotonic() + waits
        self._left = job_request.max_seconds

    @contextmanager
    def one(self) -> Iterator[RunLimits]:
        """The next instance, with the limits that the job has on it."""
        if not self._is_spot:
            yield RunLimits(self._left, self._host.stop_grace_seconds, self._job_request.stopped)
            return
        machine = self._host.spot.lend(self._name)
        began = time.monotonic()
        try:
            yield RunLimits(
                self._left,
                self._host.stop_grace_seconds,
                self._job_request.stopped,
                max_wait_seconds=self._deadline - began,
                taken=machine.taken,
            )
        finally:
            machine.give_back()
            self._left -= time.monotonic() - began

    def wait(self) -> None:
        """Wait for the next spot instance.

        Raises:
            JobStopped: there is none in time, or the job was stopped.
        """
        began = time.monotonic()
        pause = self._host.spot.wait_seconds
        is_stopped = self._job_request.stopped.wait(min(pause, max(0.0, self._deadline - began)))
        self.waited_seconds += time.monotonic() - began
        if is_stopped:
            raise JobStopped("Stopped")
        if began + pause >= self._deadline:
            raise JobStopped("MaxWaitTimeExceeded")
