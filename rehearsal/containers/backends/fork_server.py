"""A program that imports an image's modules once and forks a fresh process for every job.

It is run by its path in the image's own environment, so it needs the standard library only. Nothing of it is left in a
job: the child leads a session of its own, has its own namespace, variables, folder and output, and runs the image's
module as `python -m` would.

Messages on the socket that is descriptor 0, one JSON object each: in come `start` (with the output's descriptor) and
`signal`; out go `ready`, `started`, `refused` and `ended`.
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
    failed = _preload(sys.argv[1:])
    _say(control, {"event": "ready", "failed": failed, "threads": _threads_after_a_fork()})
    job = _serve(control)
    if job is not None:
        _run(job)


def _preload(modules: list[str]) -> dict[str, str]:
    failed = {}
    for name in modules:
        try:
            importlib.import_module(name)
        except Exception as exc:  # noqa: BLE001 -- a job that needs the module will tell better
            failed[name] = repr(exc)
    gc.collect()
    gc.freeze()
    return failed


def _threads_after_a_fork() -> int:
    """How many threads would be missing in a child, plus one.

    OpenBLAS keeps threads from its import on, but ends them by itself when its process forks; others do not.
    """
    if (pid := os.fork()) == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return _threads()


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))  # noqa: PTH208 -- counted before every fork


def _serve(control: socket.socket) -> Message | None:
    """Answer messages; returns None at the end, and in a job's own process the job."""
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    jobs: set[int] = set()
    watched: list[Any] = [control, wake]
    while True:
        readable, _, _ = select.select(watched, [], [])
        if wake in readable:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            _reap(control, jobs)
        if control not in readable:
            continue
        data, descriptors, _, _ = socket.recv_fds(control, _MESSAGE_BYTES, 1)
        if not data:
            return None
        message: Message = json.loads(data)
        if message["order"] == "signal":
            if message["pid"] in jobs:  # it cannot have been reaped meanwhile: that is our doing
                _signal_group(message["pid"], message["number"])
            continue
        pid = _fork(control, message, descriptors[0])
        if pid == 0:
            signal.set_wakeup_fd(-1)
            for descriptor in (control.detach(), wake, waker):
                os.close(descriptor)
            return message
        if pid:
            jobs.add(pid)


def _fork(control: socket.socket, message: Message, output: int) -> int | None:
    """Fork; 0 in the child, whose descriptors 1 and 2 are then the job's output."""
    try:
        if (threads := _threads()) > 1:
            _say(control, {"event": "refused", "id": message["id"], "why": f"{threads} threads"})
            return None
        parent, pid = os.getpid(), os.fork()
        if pid == 0:
            os.setsid()
            message["parent"] = parent
            os.dup2(output, 1)
            os.dup2(output, 2)
            return 0
        _say(control, {"event": "started", "id": message["id"], "pid": pid})
        return pid
    finally:
        os.close(output)


def _reap(control: socket.socket, jobs: set[int]) -> None:
    """Report the jobs that have ended; what they left running ends first, while their pid is still theirs."""
    while jobs:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return
        _signal_group(ended.si_pid, signal.SIGKILL)
        _, status = os.waitpid(ended.si_pid, 0)
        jobs.discard(ended.si_pid)
        _say(control, {"event": "ended", "pid": ended.si_pid, "status": os.waitstatus_to_exitcode(status)})


def _signal_group(leader: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _say(control: socket.socket, message: Message) -> None:
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the loop will see the end of file
        control.send(json.dumps(message).encode())


def _run(job: Message) -> None:
    """Become the job: in this process, from here to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
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
