"""The `slipway` command: its signals, and the message and exit code of every error; `command_line` has the commands."""

import os
import select
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import TextIO

_REFUSED_OR_FAILED, _NOT_ACCEPTABLE, _INTERRUPTED, _OUTPUT_CLOSED = 1, 2, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the return value is the process's exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell may have started us with the first one ignored
        signal.signal(number, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it, to go on without a terminal
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        _open_standard_streams()
        try:
            # Only now: they take a while, and Ctrl-C meanwhile is answered like any other.
            from slipway.cli.command_line import run  # noqa: PLC0415

            return run(argv)
        finally:
            sys.stdout.flush()
    except Exception as exc:
        if (ending := _ending(exc)) is None:
            raise
        code, message = ending
        _report(message)
        return code
    except KeyboardInterrupt:
        return _interrupted()


def _ending(exc: Exception) -> tuple[int, str] | None:
    """Exit code and line for the user; None of what is a defect and needs its traceback."""
    from slipway.errors import EXHAUSTED, SlipwayError  # noqa: PLC0415

    match exc:
        case SlipwayError():
            return exc.exit_code, str(exc)
        case BrokenPipeError() if _closed(sys.stdout) or _closed(sys.stderr):
            return _OUTPUT_CLOSED, ""
        case OSError() if exc.errno in EXHAUSTED:
            where = f" ({exc.filename})" if exc.filename else ""
            return _REFUSED_OR_FAILED, f"{EXHAUSTED[exc.errno]}{where}"
        case MemoryError():
            return _REFUSED_OR_FAILED, "this machine's memory does not suffice: use fewer rows, or end other programs"
        case RecursionError():
            return _NOT_ACCEPTABLE, "a file is nested too deeply to be read: no settings or template need 100 levels"
    return None


def _interrupted() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # to be impatient now would only leave processes behind
    _report("interrupted; everything that was started has been ended")
    return _INTERRUPTED


def _report(message: str) -> None:
    """Write `message` to standard error; a terminal that is gone does not fail the exit."""
    from slipway.readable import readable  # noqa: PLC0415

    try:
        if message:
            sys.stderr.write(f"slipway: {readable(message)}\n")
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)


def _closed(stream: TextIO) -> bool:
    """Whether the reader of a pipe is gone."""
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(events & select.POLLERR for _, events in poll.poll(0))
    except (OSError, ValueError):
        return False


def _discard(stream: TextIO) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)


def _open_standard_streams() -> None:
    """Put /dev/null where a stream was closed: a file opened later would get its number, and our output."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(number, True)  # noqa: FBT003
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
