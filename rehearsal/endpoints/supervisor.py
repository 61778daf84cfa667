"""Keeps a controller at work on a rollout: starts it, does what it asks for, starts the next one when it dies."""

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
_MOST_VAIN_STARTS = 5
_GRACE_SECONDS = 2.0
_log = logging.getLogger(__name__)


class CancelledDeploymentError(Exception):
    """The endpoint is being taken down; its rollout need not end."""


class DeploymentActions(Protocol):
    """What a controller may ask for."""

    def enter(self, state: RolloutState) -> str | None:
        """Do the work of a phase, once; what went wrong, or None."""

    def alarm(self) -> str | None:
        """The name of a rollback alarm in ALARM."""

    def entered(self) -> RolloutState | None:
        """The state that was entered last."""


class Supervisor:
    """One rollout's. A controller is one process; it holds nothing that the next one could not read again."""

    def __init__(
        self, journal: Path, cancelled: threading.Event, on_restart: Callable[[], None], *, silent_seconds: float
    ) -> None:
        self._journal, self._cancelled, self._on_restart = journal, cancelled, on_restart
        self._silent_seconds = silent_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, acts: DeploymentActions) -> RolloutState:
        """See the rollout through to its end.

        Raises:
            CancelledDeploymentError: `cancel` was called.
            LaunchError: controller after controller ended without getting anywhere.
        """
        vain = 0
        while True:
            before = acts.entered()
            self._follow(acts)
            after = acts.entered()
            if after is not None and after.ended:
                return after
            vain = vain + 1 if after == before else 0
            if vain >= _MOST_VAIN_STARTS:
                raise LaunchError(f"the rollout's controller ended or hung {vain} times without getting anywhere")
            self._cancelled.wait(_PAUSE_SECONDS * vain)
            if self._cancelled.is_set():
                raise CancelledDeploymentError
            self._on_restart()

    def cancel(self) -> None:
        """End the controller; the rollout stays where it is."""
        with self._lock:
            self._cancelled.set()
            if self._process is not None:
                self._process.kill()

    def _follow(self, acts: DeploymentActions) -> None:
        """Serve one controller to its end."""
        process = self._start()
        try:
            with process:
                while line := self._next(process):
                    self._answer(process, acts, line)
        finally:
            stop(process, grace_seconds=_GRACE_SECONDS)

    def _next(self, process: "subprocess.Popen[bytes]") -> bytes:
        """Its next question; none once it has ended or is silent, when it hangs and is killed for the next one."""
        if process.stdout is None or not select.select([process.stdout], [], [], self._silent_seconds)[0]:
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
    def _answer(process: "subprocess.Popen[bytes]", acts: DeploymentActions, line: bytes) -> None:
        if not line.endswith(b"\n") or process.stdin is None:
            return  # it died while it wrote
        asked: dict[str, Any] = json.loads(line)
        if "enter" in asked:
            answer: dict[str, Any] = {"failure": acts.enter(state_of(asked["enter"]))}
        else:
            entered = acts.entered()
            answer = {"alarm": acts.alarm(), "entered": asdict(entered) if entered else None}
        # It may have died meanwhile; what it asked for has been done, and is not done again. Without a buffer, because
        # what is left in one would make closing it fail.
        with contextlib.suppress(BrokenPipeError):
            os.write(process.stdin.fileno(), json.dumps(answer).encode() + b"\n")
