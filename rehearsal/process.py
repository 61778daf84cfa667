"""Start a process that cannot outlive this one, and end it with everything it has started."""

import contextlib
import functools
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import IO

Stream = int | IO[bytes] | None
"""A descriptor, `subprocess.PIPE`, `DEVNULL` or `STDOUT`, an open file, or None to inherit this process's."""

_Start = Callable[[], subprocess.Popen[bytes]]
_Processes = list[subprocess.Popen[bytes]]

_STOPPED: "weakref.WeakSet[subprocess.Popen[bytes]]" = weakref.WeakSet()
"""Those that `stop` found running."""

# For systems whose setpriv is too old: does the same from within, and notices a parent that died meanwhile.
_LAUNCHER = (
    "import ctypes, os, signal, sys\n"
    "ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"
    "os.getppid() == int(sys.argv[1]) or os._exit(137)\n"
    "os.execvpe(sys.argv[2], sys.argv[2:], os.environ)\n"
)


class _Spawner:
    """One thread that never ends and forks every child.

    The kernel sends the parent-death signal when the *thread* that forked has ended, so a child started from a
    worker thread would die with that worker.
    """

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[tuple[Future[_Processes], Callable[[], _Processes]]] = queue.SimpleQueue()
        self._started: _Processes = []
        threading.Thread(target=self._serve, name="spawner", daemon=True).start()

    def start(self, call: _Start) -> subprocess.Popen[bytes]:
        def started() -> _Processes:
            process = call()
            self._started = [process, *self._running()]
            return [process]

        return self._call(started)[0]

    def running(self) -> _Processes:
        """Every process started so far that has not been reaped."""
        return self._call(self._running)

    def _running(self) -> _Processes:
        return [process for process in self._started if process.returncode is None]

    def _call(self, call: Callable[[], _Processes]) -> _Processes:
        answer: Future[_Processes] = Future()
        self._requests.put((answer, call))
        return answer.result()

    def _serve(self) -> None:
        while True:
            answer, call = self._requests.get()
            try:
                answer.set_result(call())
            except BaseException as exc:  # noqa: BLE001 -- the waiting caller gets it
                answer.set_exception(exc)
            del answer, call  # a waiting thread must not keep an old answer alive


@functools.cache
def _spawner(_pid: int) -> _Spawner:
    return _Spawner()


@functools.cache
def _dies_with_parent(parent: int) -> tuple[str, ...]:
    """The words before a command that make the kernel kill it when this process ends; on Linux only."""
    if sys.platform != "linux":
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv and _succeeds([setpriv, "--pdeathsig", "KILL", "true"]):
        return (setpriv, "--pdeathsig", "KILL", "--")
    return (sys.executable, "-I", "-S", "-c", _LAUNCHER, str(parent))


def _succeeds(argv: Sequence[str]) -> bool:
    quiet = subprocess.DEVNULL
    return subprocess.run(argv, stdin=quiet, stdout=quiet, stderr=quiet, check=False).returncode == 0


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path | str,
    stdout: Stream,
    stderr: Stream,
    stdin: Stream = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a new session; on Linux the kernel kills it when this process ends, however it ends.

    Raises:
        FileNotFoundError: there is no such program on the PATH of `env`.
    """
    program = shutil.which(argv[0], path=env.get("PATH", os.defpath))
    if program is None:
        raise FileNotFoundError(f"program must be on the PATH, got {argv[0]}")
    command = [*_dies_with_parent(os.getpid()), str(Path(program).absolute()), *argv[1:]]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    return _spawner(os.getpid()).start(start)


def stop(process: subprocess.Popen[bytes], *, grace_seconds: float) -> int:
    """End the process and its whole group: SIGTERM, SIGKILL after `grace_seconds`; it is reaped.

    A process that has ended by itself is not signalled: its group's number may belong to another one by now.

    Returns:
        The exit status as `Popen.returncode` has it: negative for a signal.
    """
    if process.poll() is None:
        _STOPPED.add(process)
        signal_group(process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=grace_seconds)
        signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def ended_by_itself(process: subprocess.Popen[bytes], *, within_seconds: float) -> bool:
    """Whether it has ended, or does so in that time, and not because of `stop`."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=within_seconds)
        return process not in _STOPPED
    return False


def ended_with(status: int) -> str:
    """An exit status as `Popen.returncode` has it, in words."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def stop_all(*, grace_seconds: float) -> None:
    """End every process started here that still runs.

    An interrupt can come between the start of a process and the `try` whose `finally` would stop it.
    """
    for process in _spawner(os.getpid()).running():
        stop(process, grace_seconds=grace_seconds)


def signal_group(leader: int, number: int) -> None:
    """Signal every process of the group `leader` leads, if any is left."""
    # macOS answers EPERM instead of ESRCH for a group of which only zombies are left.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def free_port() -> int:
    """A TCP port of the loopback interface that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
