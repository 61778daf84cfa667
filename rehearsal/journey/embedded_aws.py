"""The embedded AWS as a child process, and boto3 clients for it."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Timer
from typing import Any

import boto3
from botocore.config import Config

from rehearsal import access_key
from rehearsal.access_key import AccessKey
from rehearsal.journey.local_environment import local_environment, no_aws_files
from rehearsal.journey.options import PROJECT, STEPS, RehearsalOptions
from rehearsal.journey.runnable_images import OWN_IMAGES
from rehearsal.process import ended_by_itself, ended_with, spawn, stop
from slipway.errors import LaunchError

ACCOUNT = "000000000000"
REGION = access_key.REGION
START_SECONDS = 30
VARIABLES = "aws.sh"
"""In the run's folder: the environment variables for a shell that uses the embedded AWS."""
LOGS = ("cloud.log", "cloud.err")
_END_SECONDS = 0.5
_KEPT_LINES = 40
_MESSAGE_LINES = 8


@dataclass(frozen=True)
class EmbeddedAws:
    """A running embedded AWS, reached the way any AWS endpoint is."""

    endpoint_url: str
    key: AccessKey
    _clients: dict[str, Any] = field(default_factory=dict, compare=False)
    _lock: Lock = field(default_factory=Lock, compare=False)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that uses it, such as `cdk` or `aws`."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            **self.key.environment,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            **no_aws_files(),
        }

    def client(self, service: str) -> Any:
        """A boto3 client; one a service, shared (boto3 clients are thread-safe)."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = boto3.client(
                    service,
                    endpoint_url=self.endpoint_url,
                    region_name=REGION,
                    aws_access_key_id=self.key.id,
                    aws_secret_access_key=self.key.secret,
                    config=Config(retries={"max_attempts": 3}, max_pool_connections=32),
                )
            return self._clients[service]


@contextmanager
def embedded_aws(options: RehearsalOptions, workdir: Path, steps_folder: Path = STEPS) -> Iterator[EmbeddedAws]:
    """Start the child, wait until it is ready, and end it with everything that it started.

    Meanwhile this process's environment is local: no proxy is used, and no profile names another account.

    Raises:
        LaunchError: it did not become ready, or ended too early; the message has the end of its log.
    """
    log = workdir / "cloud.log"
    argv = [sys.executable, "-m", "rehearsal.cloud", "--port", "0", "--speed", str(options.speed)]
    argv += ["--workdir", str(workdir / "cloud"), "--backend", options.backend, "--log", str(log)]
    argv += ["--steps-folder", str(steps_folder)]
    if (own_images := workdir / OWN_IMAGES).exists():
        argv += ["--own-images", str(own_images)]
    if options.interrupt_spot is not None:
        argv += ["--interrupt-spot", str(options.interrupt_spot)]
    with local_environment():
        with (workdir / "cloud.err").open("wb") as errors:
            child = spawn(
                argv, env=dict(os.environ), cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        try:
            ready = _ready_line(child, workdir)
            key = AccessKey(ready["access_key_id"], ready["secret_access_key"])
            aws = EmbeddedAws(ready["endpoint_url"], key)
            _write_variables(aws, workdir / VARIABLES)
            with _cause_of_failure(child, workdir):
                yield aws
        finally:
            stop(child, grace_seconds=10)
            for pipe in filter(None, (child.stdin, child.stdout)):
                pipe.close()


def _write_variables(aws: EmbeddedAws, path: Path) -> None:
    """Only the user may read it."""
    path.touch(mode=0o600, exist_ok=False)
    path.write_text("".join(f"export {name}={shlex.quote(value)}\n" for name, value in aws.environment.items()))


@contextmanager
def _cause_of_failure(child: "subprocess.Popen[bytes]", workdir: Path) -> Iterator[None]:
    """If the child has ended, that is the cause of the failure."""
    try:
        yield
    except Exception as exc:
        # A connection fails a moment before the process has ended.
        if not ended_by_itself(child, within_seconds=_END_SECONDS):
            raise
        raise LaunchError(_with_log(f"the embedded AWS ended: {ended_with(child.wait())}", workdir)) from exc


def _with_log(problem: str, workdir: Path) -> str:
    """`problem` with the child's last line of standard error in the same line, then the end of its log."""
    errors = workdir / "cloud.err"
    last = errors.read_text(errors="replace").strip().rpartition("\n")[2] if errors.exists() else ""
    return "\n".join([": ".join(filter(None, (problem, last))), *embedded_log(workdir)[-_MESSAGE_LINES:]])


def embedded_log(workdir: Path) -> list[str]:
    """The last lines of what the embedded AWS has logged in `workdir`, then of what it wrote to standard error."""
    files = [file for file in (workdir / name for name in LOGS) if file.exists()]
    return [line for file in files for line in file.read_text(errors="replace").splitlines()[-_KEPT_LINES:]]


def keep_logs(workdir: Path, out: Path) -> None:
    """Copy all of the embedded AWS's log to `out`, where the cause of a failure is easier to find."""
    out.mkdir(parents=True, exist_ok=True)
    for name in LOGS:
        if (workdir / name).exists():
            shutil.copy(workdir / name, out / name)


def _ready_line(child: "subprocess.Popen[bytes]", workdir: Path) -> dict[str, Any]:
    if child.stdout is None:
        raise LaunchError("the embedded AWS has no standard output")
    late = Event()

    def kill() -> None:
        late.set()
        child.kill()

    watchdog = Timer(START_SECONDS, kill)
    watchdog.start()
    try:
        line = child.stdout.readline()
    finally:
        watchdog.cancel()
    if not line:
        problem = f"ended before it was ready: {ended_with(child.wait())}"
        problem = f"was not ready within {START_SECONDS} s" if late.is_set() else problem
        raise LaunchError(_with_log(f"the embedded AWS {problem}", workdir))
    ready: dict[str, Any] = json.loads(line)
    return ready
