"""Keeps a controller running for a rollout: starts it, performs its requests, starts the next one when it ends."""

import contextlib
import json
import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from rehearsal.endpoints.journal import state_of
from rehearsal.process import spawn, stop
from slipway.errors import LaunchError
from slipway.rollout.plan import RolloutState

_PROJECT = Path(__file__).parents[2]
_PAUSE_SECONDS = 0.2
_MAX_STARTS_WITHOUT_PROGRESS = 5
_GRACE_SECONDS = 2.0
_log = logging.getLogger(__name__)


class CancelledDeploymentError(Exception):
    """The endpoint is being deleted; its rollout does not end."""


class DeploymentActions(Protocol):
    """What a controller may request."""

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase, once; returns the failure, or None."""

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""

    def entered(self) -> RolloutState | None:
        """The state that was entered last."""


class Supervisor:
    """One rollout's. A controller is one process; all its state is in the journal."""

    def __init__(
        self, journal: Path, cancelled: threading.Event, on_restart: Callable[[], None], *, silent_seconds: float
    ) -> None:
        self._journal, self._cancelled, self._on_restart = journal, cancelled, on_restart
        self._silent_seconds = silent_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, actions: DeploymentActions) -> RolloutState:
        """See the rollout through to its end.

        Raises:
            CancelledDeploymentError: `cancel` was called.
            LaunchError: controllers ended one after another without progress.
        """
        without_progress = 0
        while True:
            before = actions.entered()
            self._follow(actions)
            after = actions.entered()
            if after is not None and after.ended:
                return after
            without_progress = without_progress + 1 if after == before else 0
            if without_progress >= _MAX_STARTS_WITHOUT_PROGRESS:
                raise LaunchError(f"the rollout's controller ended or hung {without_progress} times without progress")
            self._cancelled.wait(_PAUSE_SECONDS * without_progress)
            if self._cancelled.is_set():
                raise CancelledDeploymentError
            self._on_restart()

    def cancel(self) -> None:
        """End the controller; the rollout stays where it is."""
        with self._lock:
            self._cancelled.set()
            if self._process is not None:
                self._process.kill()

    def _follow(self, actions: DeploymentActions) -> None:
        """Serve one controller to its end."""
        process = self._start()
        try:
            with process:
                while line := self._next(process):
                    self._respond(process, actions, line)
        finally:
            stop(process, grace_seconds=_GRACE_SECONDS)

    def _next(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Its next request; none once it has ended, or hangs: a silent one is killed."""
        poll = select.poll()  # select() takes no descriptor beyond 1023, and users' connections are as many
        if process.stdout is not None:
            poll.register(process.stdout, select.POLLIN)
        if process.stdout is None or not poll.poll(self._silent_seconds * 1000):
            _log.warning("controller %s was silent for %g s", process.pid, self._silent_seconds)
            process.kill()
            return b""
        return process.stdout.readline()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._lock:
            if self._cancelled.is_set():
                raise CancelledDeploymentError
            self._process = spawn(
                [sys.executable, "-P", "-m", "rehearsal.endpoints.controller", str(self._journal)],
                env={**os.environ, "PYTHONPATH": str(_PROJECT)},
                cwd=self._journal.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None,
            )
            return self._process

    @staticmethod
    def _respond(process: "subprocess.Popen[bytes]", actions: DeploymentActions, line: bytes) -> None:
        if not line.endswith(b"\n") or process.stdin is None:
            return  # it died while it wrote
        request: dict[str, Any] = json.loads(line)
        if "enter" in request:
            response: dict[str, Any] = {"failure": actions.enter(state_of(request["enter"]))}
        else:
            entered = actions.entered()
            response = {"alarm": actions.alarm(), "entered": asdict(entered) if entered else None}
        # It may have died meanwhile; its request is done, and is not done again. Without a buffer, because data left in
        # one would make closing it fail.
        with contextlib.suppress(BrokenPipeError):
            os.write(process.stdin.fileno(), json.dumps(response).encode() + b"\n")
