"""The processes in which ministack runs Lambda functions, and what Lambda refuses to configure."""

import json
import queue
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime as _lambda_runtime
from ministack.core import responses as _responses
from ministack.services import lambda_svc as _lambda
from ministack.services.cloudformation import provisioners as _provisioners

_CALL = "result = handler_fn(event, context)\n"
_END = "end of this invocation's log"
_LONGEST_SECONDS = 1.0
MOST_ENVIRONMENT_BYTES = 4 * 1024
"""Of a function's variables together: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


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


def share_concurrency() -> None:
    """What is reserved for a function is for its versions too; ministack would run these without a limit."""
    known = _lambda._reserved_concurrency

    def reserved(record: dict[str, Any], config: dict[str, Any]) -> int | None:
        found: int | None = known(_lambda._functions.get(config.get("FunctionName")) or record, config)
        return found

    _lambda._reserved_concurrency = reserved


def limit_environments() -> None:
    """Refuse variables of more than 4 KB, in calls of the API and in stacks."""
    create, update = _lambda._create_function, _lambda._update_config
    handlers = _provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    provision = handlers["create"]

    def create_function(data: dict[str, Any]) -> Any:
        return _refused(data) or create(data)

    def update_config(name: str, data: dict[str, Any]) -> Any:
        return _refused(data) or update(name, data)

    def provision_function(logical_id: str, properties: dict[str, Any], stack: str) -> Any:
        if problem := _too_long(properties):
            raise ValueError(f'Resource handler returned message: "{problem} (Service: Lambda, Status Code: 400)"')
        return provision(logical_id, properties, stack)

    _lambda._create_function, _lambda._update_config = create_function, update_config
    handlers["create"] = provision_function


def _refused(data: Mapping[str, Any]) -> Any:
    problem = _too_long(data)
    return problem and _responses.error_response_json("InvalidParameterValueException", problem, 400)


def _too_long(data: Mapping[str, Any]) -> str:
    """Lambda's message, or empty."""
    variables = (data.get("Environment") or {}).get("Variables") or {}
    if sum(len(f"{name}{value}".encode()) for name, value in variables.items()) <= MOST_ENVIRONMENT_BYTES:
        return ""
    return (
        "Lambda was unable to configure your environment variables because the environment variables you have "
        f"provided exceeded the 4KB limit. String measured: {json.dumps(variables)}"
    )


def end_all() -> None:
    """End every worker, busy or idle."""
    _lambda_runtime.reset()
