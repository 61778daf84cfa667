"""The client of a fork server: start jobs, follow them, and end the server."""

import itertools
import json
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from rehearsal.process import spawn, stop

_SERVER = Path(__file__).with_name("fork_server.py")
_MESSAGE_BYTES = 1 << 20
_KILLED = -signal.SIGKILL


class ForkRefusedError(Exception):
    """The server cannot fork a clean process; the job is to be started in another way."""


class ForkServer:
    """One process that imports `modules` in this order; its children end with it, and it ends with this process."""

    def __init__(self, interpreter: str, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = spawn(
                (interpreter, "-P", str(_SERVER), *modules),
                env=environment,
                cwd="/",
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        self.response_seconds = 120.0
        """How long an order may take: the modules may have to be imported first."""
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._pending: dict[int, Future[ForkedProcess]] = {}
        self._running: dict[int, ForkedProcess] = {}
        threading.Thread(target=self._listen, name="fork-server", daemon=True).start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def start(self, order: Mapping[str, Any], output: int) -> "ForkedProcess":
        """Fork a job whose output goes to the descriptor `output`, once the first `order["needs"]` modules are there.

        Raises:
            ForkRefusedError: the server is gone, has threads that a child would miss, or did not respond in time.
        """
        number, response = next(self._ids), Future[ForkedProcess]()
        with self._lock:
            self._pending[number] = response
        try:
            message = json.dumps({"order": "start", "id": number, **order}).encode()
            socket.send_fds(self._control, [message], [output])
        except OSError as exc:
            raise ForkRefusedError(str(exc)) from exc
        try:
            return response.result(self.response_seconds)
        except TimeoutError:
            return self._cancel(number, response)

    def _cancel(self, number: int, response: "Future[ForkedProcess]") -> "ForkedProcess":
        """Cancel the order, unless the response has come meanwhile."""
        if self._take_pending(number) is None:
            return response.result()
        self._send({"order": "cancel", "id": number})
        raise ForkRefusedError(f"the fork server did not respond within {self.response_seconds:g} s")

    def signal(self, pid: int, number: int) -> None:
        """Signal a job's group, unless it has ended."""
        self._send({"order": "signal", "pid": pid, "number": number})

    def _send(self, message: Mapping[str, Any]) -> None:
        try:
            self._control.send(json.dumps(message).encode())
        except OSError:
            self._process.wait()  # it is gone, and its jobs with it

    def close(self) -> None:
        stop(self._process, grace_seconds=1.0)

    def _listen(self) -> None:
        while data := self._receive():
            message = json.loads(data)
            match message["event"]:
                case "refused":
                    if pending := self._take_pending(message["id"]):
                        pending.set_exception(ForkRefusedError(message["reason"]))
                case "started":
                    process = ForkedProcess(self, message["pid"])
                    self._running[process.pid] = process
                    if pending := self._take_pending(message["id"]):
                        pending.set_result(process)
                    else:  # forked before the server read that the order was cancelled
                        self.signal(process.pid, signal.SIGKILL)
                case "ended":
                    self._running.pop(message["pid"]).end(message["status"])
        self._hang_up()

    def _receive(self) -> bytes:
        try:
            return self._control.recv(_MESSAGE_BYTES)
        except OSError:
            return b""

    def _take_pending(self, number: int) -> "Future[ForkedProcess] | None":
        """The future of this order, given out once: its first taker settles it."""
        with self._lock:
            return self._pending.pop(number, None)

    def _hang_up(self) -> None:
        """The server has ended: every order is refused, and every job was killed."""
        self._control.close()
        gone = ForkRefusedError("the fork server has ended")
        with self._lock:
            pending, self._pending = list(self._pending.values()), {}
        for response in pending:
            response.set_exception(gone)
        for process in self._running.values():
            process.end(_KILLED)


class ForkedProcess:
    """A `JobProcess` that is a child of a fork server."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self._server = server
        self._pid = pid
        self._status: int = _KILLED
        self._ended = threading.Event()

    @property
    def pid(self) -> int:
        return self._pid

    def end(self, status: int) -> None:
        """The server has reaped it and killed what was left of its group."""
        self._status = status
        self._ended.set()

    def wait(self, timeout: float) -> int | None:
        return self._status if self._ended.wait(timeout) else None

    def stop(self, *, grace_seconds: float) -> int:
        if not self._ended.is_set():
            self._server.signal(self._pid, signal.SIGTERM)
            if not self._ended.wait(grace_seconds):
                self._server.signal(self._pid, signal.SIGKILL)
                self._ended.wait()
        return self._status
