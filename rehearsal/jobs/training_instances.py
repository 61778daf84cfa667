"""A training job's turns on machines: one on demand, or as many as spot machines are taken away, within its times."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.jobs.container_run import RunLimits
from rehearsal.jobs.job_host import JobHost, JobRequest
from rehearsal.jobs.job_outcomes import JobStopped


class TrainingInstances:
    """MaxRuntimeInSeconds counts all turns together, MaxWaitTimeInSeconds the time between them too."""

    def __init__(self, place: JobHost, order: JobRequest) -> None:
        self.waited_seconds = 0.0
        self._place, self._order = place, order
        self._name: str = order.request["TrainingJobName"]
        self._is_spot: bool = order.request.get("EnableManagedSpotTraining", False)
        waits = order.request.get("StoppingCondition", {}).get("MaxWaitTimeInSeconds", math.inf)
        self._deadline = time.monotonic() + waits
        self._left = order.max_seconds

    @contextmanager
    def one(self) -> Iterator[RunLimits]:
        """A machine, and within which limits the job has it."""
        if not self._is_spot:
            yield RunLimits(self._left, self._place.stop_grace_seconds, self._order.stopped)
            return
        machine = self._place.spot.lend(self._name)
        began = time.monotonic()
        try:
            yield RunLimits(
                self._left,
                self._place.stop_grace_seconds,
                self._order.stopped,
                max_wait_seconds=self._deadline - began,
                taken=machine.taken,
            )
        finally:
            machine.give_back()
            self._left -= time.monotonic() - began

    def wait(self) -> None:
        """Wait for the next machine.

        Raises:
            JobStopped: there is none in time, or somebody asked the job to stop.
        """
        began = time.monotonic()
        pause = self._place.spot.wait_seconds
        is_stopped = self._order.stopped.wait(min(pause, max(0.0, self._deadline - began)))
        self.waited_seconds += time.monotonic() - began
        if is_stopped:
            raise JobStopped("Stopped")
        if began + pause >= self._deadline:
            raise JobStopped("MaxWaitTimeExceeded")
