"""A program that imports an image's modules once and forks a fresh process for every job.

It is run by its path in the image's own environment, so it needs the standard library only. Nothing of it is left in a
job: the child leads a session of its own, has its own namespace, variables, folder and output, and runs the image's
module as `python -m` would.

Messages on the socket that is descriptor 0, one JSON object each: in come `start` (with the output's descriptor),
`cancel` and `signal`; out go `started`, `refused` and `ended`. It responds between two imports: a job is forked as soon
as the first so many modules that its order `needs` are there.
"""

import contextlib
import ctypes
import errno
import fcntl
import gc
import importlib
import json
import os
import random
import runpy
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

_MESSAGE_BYTES = 1 << 20
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG = 1
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

Message = dict[str, Any]


def main() -> None:
    """Serve until the other side hangs up. A job's process leaves by running the job."""
    control = socket.socket(fileno=os.dup(0))
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.close(null)
    gc.disable()  # imports make objects and drop few: garbage collection takes a sixth of their time
    job = _Server(control, sys.argv[1:]).serve()
    if job is not None:
        _run(job)


class _Server:
    def __init__(self, control: socket.socket, modules: list[str]) -> None:
        self._control, self._modules = control, modules
        self._imported = 0
        self._waiting: list[tuple[Message, int]] = []
        self._jobs: set[int] = set()
        self._children = _Children(self._jobs, self._on_end)

    def serve(self) -> Message | None:
        """Import and respond; returns None at the end, and in a job's own process the job."""
        watched: list[Any] = [self._control, self._children.wake]
        while True:
            busy, due = self._imported < len(self._modules), self._due()
            readable, _, _ = select.select(watched, [], [], 0 if busy or due else None)
            if self._children.wake in readable:
                self._children.report_ended()
            if self._control in readable:
                if not self._read():
                    return None
            elif due:  # and no message is left that could cancel an order
                if (job := self._start(due)) is not None:
                    self._children.leave()
                    os.close(self._control.detach())
                    return job
            elif busy:
                self._import_next()

    def _read(self) -> bool:
        """Take one message; False at the end."""
        data, descriptors, _, _ = socket.recv_fds(self._control, _MESSAGE_BYTES, 1)
        if not data:
            return False
        message: Message = json.loads(data)
        if message["order"] == "start":
            self._waiting.append((message, descriptors[0]))
        elif message["order"] == "cancel":
            self._cancel(message["id"])
        elif message["pid"] in self._jobs:  # it cannot have been reaped meanwhile: only this thread reaps
            _signal_group(message["pid"], message["number"])
        return True

    def _import_next(self) -> None:
        with contextlib.suppress(Exception):  # the job that needs the module reports the error
            importlib.import_module(self._modules[self._imported])
        self._imported += 1
        if self._imported == len(self._modules):
            gc.collect()

    def _cancel(self, number: int) -> None:
        for each in self._waiting:
            if each[0]["id"] == number:
                self._waiting.remove(each)
                os.close(each[1])
                return

    def _due(self) -> list[tuple[Message, int]]:
        """The jobs whose modules are there."""
        return [each for each in self._waiting if each[0]["needs"] <= self._imported]

    def _start(self, due: list[tuple[Message, int]]) -> Message | None:
        """Fork them; in a job's own process, the job."""
        self._waiting = [each for each in self._waiting if each not in due]
        for number, (message, output) in enumerate(due):
            if self._fork(message, output) == 0:
                for _, other in (*due[number + 1 :], *self._waiting):
                    os.close(other)
                return message
        return None

    def _fork(self, message: Message, output: int) -> int | None:
        """Fork; 0 in the child, whose descriptors 1 and 2 are then the job's output."""
        try:
            if (threads := _threads_after_a_fork()) > 1:
                self._send({"event": "refused", "id": message["id"], "reason": f"{threads} threads"})
                return None
            parent, pid = os.getpid(), os.fork()
            if pid == 0:
                os.setsid()
                message["parent"] = parent
                os.dup2(output, 1)
                os.dup2(output, 2)
                return 0
            self._send({"event": "started", "id": message["id"], "pid": pid})
            self._jobs.add(pid)
            self._children.report_ended()  # it may have ended before it was known
            return pid
        finally:
            os.close(output)

    def _on_end(self, pid: int, status: int) -> None:
        self._send({"event": "ended", "pid": pid, "status": status})

    def _send(self, message: Message) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the loop will see the end of file
            self._control.send(json.dumps(message).encode())


class _Children:
    """Reaps jobs, in the middle of an import too: a job's end does not wait for the import's."""

    def __init__(self, jobs: set[int], on_end: Callable[[int, int], None]) -> None:
        self._jobs, self._on_end = jobs, on_end
        self._reaping = False
        self.wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: self._reap())

    def report_ended(self) -> None:
        """Report what has ended; what a signal in the middle of reaping left undone is done here."""
        with contextlib.suppress(BlockingIOError):
            os.read(self.wake, 4096)
        self._reap()

    def leave(self) -> None:
        """Close what belongs to the server: this is a child itself."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self.wake, self._waker):
            os.close(descriptor)

    def _reap(self) -> None:
        if self._reaping:
            return
        self._reaping = True
        for pid in tuple(self._jobs):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            _signal_group(pid, signal.SIGKILL)  # what it left running ends first, while the pid is still its own
            _, status = os.waitpid(pid, 0)
            self._jobs.discard(pid)
            self._on_end(pid, os.waitstatus_to_exitcode(status))
        self._reaping = False


def _threads_after_a_fork() -> int:
    """How many threads a child would miss, plus one.

    OpenBLAS keeps threads from its import on, but ends them by itself when its process forks; others do not.
    """
    if _threads() > 1:
        if (pid := os.fork()) == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    return _threads()


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 -- counted before every fork


def _signal_group(leader: int, number: int) -> None:
    """Signal the group of a job that has not been reaped, or the job alone before it leads one."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            os.kill(leader, number)


def _run(job: Message) -> None:
    """Become the job: in this process, from here to its end."""
    gc.freeze()  # what all jobs share is never garbage; untouched by the collector, its pages stay shared
    gc.enable()
    libc = ctypes.CDLL(None, use_errno=True)
    if job["mount"]:
        _mount(libc, job["mount"])
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # after the namespace: a change of credentials would clear it
    if os.getppid() != job["parent"]:
        os._exit(137)
    os.environ.clear()
    os.environ.update(job["environment"])
    os.chdir(job["folder"])
    _forget()
    sys.excepthook = _show_error
    sys.path.insert(0, job["folder"])
    sys.argv = [job["module"], *job["arguments"]]
    runpy.run_module(job["module"], run_name="__main__", alter_sys=True)


def _show_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print the traceback as a process started cold would: without this file."""
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


def _forget() -> None:
    """Clear what a process should find out for itself: its random numbers, its folder for temporary files."""
    random.seed()
    if numpy := sys.modules.get("numpy.random"):
        numpy.seed()
    if tempfile := sys.modules.get("tempfile"):
        vars(tempfile)["tempdir"] = None


def _mount(libc: ctypes.CDLL, mount: Message) -> None:
    uid, gid = os.geteuid(), os.getegid()
    flags = _CLONE_NEWNS | (_CLONE_NEWUSER if mount["user_namespace"] else 0)
    _check(libc.unshare(flags | (0 if mount["network"] else _CLONE_NEWNET)), "unshare")
    if mount["user_namespace"]:
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123
                file.write(text)

    def put(source: str, target: str, *, flags: int, kind: str = "none", data: str = "") -> None:
        words = [text.encode() for text in (source, target, kind, data)]
        result = libc.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[3])
        _check(result, f"mount {source} on {target}")

    put("none", "/", flags=_MS_REC | _MS_PRIVATE)
    if not os.path.isdir("/opt/ml"):  # noqa: PTH112
        put("/opt", mount["old"], flags=_MS_BIND | _MS_REC)
        put("slipway", "/opt", kind="tmpfs", flags=0, data="mode=755")
        os.mkdir("/opt/ml")  # noqa: PTH102
        for name in os.listdir(mount["old"]):  # noqa: PTH208
            os.symlink(f"{mount['old']}/{name}", f"/opt/{name}")  # noqa: PTH211
    put(mount["ml"], "/opt/ml", flags=_MS_BIND)
    if not mount["network"]:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {errno.errorcode.get(number, number)}")


if __name__ == "__main__":
    main()
