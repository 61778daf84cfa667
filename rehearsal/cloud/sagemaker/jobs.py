"""What training and processing jobs have in common: their states, logs, events and lists."""

import copy
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import in_use, not_found, validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record, epoch_ms
from rehearsal.cloud.sagemaker.ports import WriteLog

RUNNING = ("InProgress", "Stopping")


@dataclass(frozen=True)
class JobKind:
    resource: str
    arn_kind: str
    words: str

    @property
    def name(self) -> str:
        return f"{self.resource}Name"

    @property
    def arn(self) -> str:
        return f"{self.resource}Arn"

    @property
    def status(self) -> str:
        return f"{self.resource}Status"

    @property
    def log_group(self) -> str:
        return f"/aws/sagemaker/{self.resource}s"


class Jobs(ABC):
    """The jobs of one kind; each runs on a thread of its own."""

    kind: JobKind

    def __init__(self, platform: Platform, write_log: WriteLog, *, check_experiment: Callable[[Record], None]) -> None:
        """`check_experiment` refuses a request whose experiment or trial is not there."""
        self._platform, self._write_log, self._check_experiment = platform, write_log, check_experiment
        self._jobs: dict[str, Record] = {}
        self._stops: dict[str, threading.Event] = {}

    def actions(self) -> Mapping[str, Action]:
        resource = self.kind.resource
        return {
            f"Create{resource}": self.create,
            f"Describe{resource}": self.describe,
            f"List{resource}s": self.list,
            f"Stop{resource}": self.stop,
        }

    @property
    def records(self) -> list[Record]:
        return list(self._jobs.values())

    @abstractmethod
    def _initial(self, request: Record) -> Record:
        """What the record has beside the request."""

    @abstractmethod
    def _machines(self, request: Record) -> tuple[str, int]:
        """The quota that the job's instances count for, and how many they are."""

    @abstractmethod
    def _execute(self, request: Record, log: Callable[[str], None], stopped: threading.Event, job_arn: str) -> Record:
        """Run the job to its end; what the record then takes over."""

    def create(self, request: Record) -> Record:
        name = request[self.kind.name]
        job_arn = arn(self.kind.arn_kind, name.lower())
        if name.lower() in self._jobs:
            raise in_use(
                f"{self.kind.words} names must be unique within an AWS account and region, and a "
                f"{self.kind.words.lower()} with this name already exists ({job_arn})"
            )
        self._check_experiment(request)
        quota, machines = self._machines(request)
        running = [self._machines(job) for job in self.records if job[self.kind.status] in RUNNING]
        self._platform.require(quota, used=sum(count for kind, count in running if kind == quota), more=machines)
        now = self._platform.now()
        job: Record = {
            **copy.deepcopy(request),
            self.kind.arn: job_arn,
            self.kind.status: "InProgress",
            "CreationTime": now,
            "LastModifiedTime": now,
            **self._initial(request),
        }
        self._jobs[name.lower()] = job
        self._platform.tag(job_arn, request.get("Tags"))
        self._emit(job)
        frozen = copy.deepcopy(request)
        self._stops[name] = self._platform.workers.start(name, lambda stopped: self._run(job, frozen, stopped))
        return {self.kind.arn: job_arn}

    def _run(self, job: Record, request: Record, stopped: threading.Event) -> None:
        name = request[self.kind.name]
        stream = f"{name}/algo-1-{int(time.time())}"

        def log(line: str) -> None:
            self._on_line(job, line)
            self._write_log(self.kind.log_group, stream, [line])

        try:
            ended = self._execute(request, log, stopped, job[self.kind.arn])
        except Exception as exc:
            ended = {self.kind.status: "Failed", "FailureReason": f"InternalServerError: {exc}"}
            self._finish(job, ended)
            raise
        self._finish(job, ended)

    def _finish(self, job: Record, ended: Record) -> None:
        with self._platform.lock:
            job.update({key: value for key, value in ended.items() if value is not None})
            job["LastModifiedTime"] = self._platform.now()
            self._emit(job)

    @abstractmethod
    def _on_line(self, job: Record, line: str) -> None:
        """The container has printed something."""

    def describe(self, request: Record) -> Record:
        return self.get(request[self.kind.name])

    def list(self, request: Record) -> Record:
        return self._listing().answer(self._jobs.values(), request)

    def _listing(self) -> Listing:
        resource = self.kind.resource
        return Listing(f"{resource}Summaries", name=self.kind.name, status=self.kind.status, default_order="Ascending")

    def stop(self, request: Record) -> None:
        job = self.get(request[self.kind.name])
        if job[self.kind.status] not in RUNNING:
            raise validation_error(
                f"The request was rejected because the {self.kind.words.lower()} is in status {job[self.kind.status]}."
            )
        job[self.kind.status] = "Stopping"
        self._stops[job[self.kind.name]].set()

    def get(self, name: str) -> Record:
        """The job of that name, whatever its case: ARNs bear it in lower case."""
        if name.lower() not in self._jobs:
            raise not_found(f"Requested resource not found: {self.kind.words.lower()} {name}.")
        return self._jobs[name.lower()]

    def _emit(self, job: Record) -> None:
        detail: dict[str, Any] = {key: value for key, value in job.items() if not key.startswith("_")}
        detail["Tags"] = self._platform.tags_of(job[self.kind.arn])
        words = self.kind.words
        self._platform.emit(f"SageMaker {words.title()} State Change", epoch_ms(detail), [job[self.kind.arn]])
