"""The processes in which ministack runs Lambda functions."""

import queue
from typing import Any

from ministack.core import lambda_runtime as _lambda_runtime

_CALL = "result = handler_fn(event, context)\n"
_END = "end of this invocation's log"
_LONGEST_SECONDS = 1.0


def mark_ends_of_logs() -> None:
    """A Python function's process marks the end of each log; ministack would wait 50 ms for lines that may yet come."""
    script, known = _lambda_runtime._PYTHON_WORKER_SCRIPT, _lambda_runtime.Worker._drain_stderr_bounded
    if script.count(_CALL) != 1:
        raise RuntimeError(f"ministack's Python worker must call a handler once as {_CALL!r}")
    marked = f"{_CALL.rstrip()}; print({_END!r}, file=sys.stderr, flush=True)\n"
    _lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(_CALL, marked)

    def drain(worker: Any) -> str:
        is_marked = worker._proc is not None and worker.config.get("Runtime", "").startswith("python")
        log: str = _up_to_mark(worker._stderr_queue) if is_marked else known(worker)
        return log

    _lambda_runtime.Worker._drain_stderr_bounded = drain


def _up_to_mark(lines: "queue.Queue[str]") -> str:
    found = []
    try:
        while not (line := lines.get(timeout=_LONGEST_SECONDS)).endswith(_END):
            found.append(line)
        found.append(line.removesuffix(_END))
    except queue.Empty:  # the function closed its standard error
        pass
    return "\n".join(found).removesuffix("\n")


def end_all() -> None:
    """End every worker, busy or idle."""
    _lambda_runtime.reset()
