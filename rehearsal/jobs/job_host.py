"""The host of jobs: folders, the programs of images, a backend, S3."""

import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehearsal.containers.backends.backend import Backend
from rehearsal.containers.container import Container, Program
from rehearsal.jobs.container_run import Exit, RunLimits, run_container
from rehearsal.jobs.job_outcomes import JobError, JobStopped, LogSink
from rehearsal.jobs.spot import SpotMarket

_DAY_SECONDS = 86_400
_REGION_VARIABLES = frozenset({"AWS_REGION", "AWS_DEFAULT_REGION"})


@dataclass(frozen=True)
class JobRequest:
    """One job as the caller requested it."""

    request: Mapping[str, Any]
    arn: str
    log: LogSink
    stopped: threading.Event

    @property
    def max_seconds(self) -> float:
        """How long it may run."""
        seconds: float = self.request.get("StoppingCondition", {}).get("MaxRuntimeInSeconds", _DAY_SECONDS)
        return seconds

    def stop_if_requested(self) -> None:
        if self.stopped.is_set():
            raise JobStopped("Stopped")


@dataclass(frozen=True)
class JobHost:
    workdir: Path
    s3: Any
    image_programs: Callable[[str], Program]
    backend: Backend
    endpoint_environment: Mapping[str, str]
    stop_grace_seconds: float
    spot: SpotMarket = field(default_factory=SpotMarket)

    @contextmanager
    def folder(self, kind: str, name: str) -> Iterator[Path]:
        """The job's own folder, empty at first and gone afterwards."""
        folder = (self.workdir / kind / name).absolute()
        shutil.rmtree(folder, ignore_errors=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def container(
        self,
        folder: Path,
        image: str,
        specification: Mapping[str, Any],
        *,
        command: tuple[str, ...],
        environment: Mapping[str, str],
        isolated: bool,
        instance_type: str,
    ) -> Container:
        """A container of `image`; ContainerEntrypoint and ContainerArguments override as they do in Docker.

        An isolated one gets no access to AWS: SageMaker gives it no credentials either.
        """
        try:
            program = self.image_programs(image)
        except LookupError as exc:
            raise JobError(f"ClientError: CannotPullContainerError: no such image, got {image}") from exc
        entrypoint = tuple(specification.get("ContainerEntrypoint") or program.entrypoint)
        arguments = tuple(specification.get("ContainerArguments") or command)
        aws = self.endpoint_environment
        if isolated:
            aws = {name: value for name, value in aws.items() if name in _REGION_VARIABLES}
        container = Container(program, entrypoint + arguments, {**aws, **environment}, folder, isolated, instance_type)
        container.make_folders()
        return container

    def run(
        self, container: Container, job_request: JobRequest, on_line: LogSink, limits: RunLimits | None = None
    ) -> Exit:
        """Run it, within the job's MaxRuntimeInSeconds unless other `limits` are given."""
        job_request.stop_if_requested()
        usual = RunLimits(job_request.max_seconds, self.stop_grace_seconds, job_request.stopped)
        return run_container(self.backend, container, limits or usual, on_line)


def single_instance(count: int) -> None:
    """Reject what this machine cannot run truthfully."""
    if count != 1:
        raise JobError(f"ClientError: InstanceCount must be 1 on the laptop, got {count}")


_KILLED = {137: " (killed: out of memory, or from outside)", 139: " (crashed: segmentation fault)"}
"""The meaning of an exit code as Docker reports it."""


def algorithm_error(ended: Exit, reason: str | None) -> JobError:
    """The error of a container that ended badly: its own reason, or the last lines of its log, or that it has none."""
    reason = reason or " | ".join(ended.tail) or "the container ended before it wrote a line"
    return JobError(f"AlgorithmError: {reason}, exit code: {ended.code}{_KILLED.get(ended.code, '')}")


def written(path: Path, limit: int) -> str | None:
    """The start of what a job wrote to `path`, or None when it wrote nothing."""
    try:
        text = path.read_bytes()[:limit].decode("utf-8", "replace").strip()
    except OSError:
        return None
    return text or None
