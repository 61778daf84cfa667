"""Lambda durable executions as AWS runs them: started by events, pinned to a version, resumed until they end.

ministack keeps their operations; what it leaves out is here: asynchronous starts, retried steps with their state,
limits, names that start no second execution, events of their status, and time that is compressed.
"""

import contextvars
import json
import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core import responses as _responses
from ministack.services import eventbridge as _eventbridge
from ministack.services import lambda_durable as _durable
from ministack.services import lambda_svc as _lambda
from ministack.services.cloudformation import provisioners as _provisioners

from rehearsal.cloud.ministack.events import EventBus
from rehearsal.cloud.ministack.serving_loop import ServingLoop

Record = dict[str, Any]

_LOG = logging.getLogger(__name__)
MOST_OPERATIONS = 3000
MOST_PAYLOAD_BYTES = 256 * 1024
"""Of an execution, and of one of its payloads: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
_MOST_ERRORS = 9
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_EVENT = "Durable Execution Status Change"
_ENDED_CALLBACK = ("SUCCEEDED", "FAILED", "TIMED_OUT")


class DurableExecutions:
    """Waits, and pauses between attempts, last 1/speed of their time; every execution that runs has a thread."""

    def __init__(self, loop: ServingLoop, bus: EventBus, *, speed: float) -> None:
        self._loop, self._bus, self._speed = loop, bus, speed
        self._awake: dict[str, threading.Event] = {}
        self._known_update = _durable._apply_update

    def install(self) -> None:
        _durable._apply_update = self.apply_update
        _durable.schedule_resume = self._wake
        _durable._to_unix_seconds = _milliseconds
        _keep_config()
        stop, dispatch, invoke = _durable.handle_stop, _eventbridge._dispatch_to_lambda, _lambda._invoke

        def handle_stop(arn_path: str, body: bytes) -> Any:
            answer = stop(arn_path, body)
            if answer[0] < 300:
                record = _durable._executions.get(_durable._parse_execution_arn(arn_path))
                self._emit(record)
                self._wake(record["DurableExecutionArn"])
            return answer

        def dispatch_to_lambda(arn: str, payload: str) -> None:
            name, qualifier = _lambda._resolve_name_and_qualifier(arn)
            if not is_durable(name):
                dispatch(arn, payload)
            elif qualifier and _lambda._function_qualifier_exists(_lambda._functions[name], qualifier):
                self._start(name, qualifier, payload, None)
            else:
                _LOG.warning("EventBridge cannot start %s: it takes a version or an alias that exists", arn)

        async def invoke_function(
            name: str, event: Any, headers: Mapping[str, str], path_qualifier: str | None = None, query: Any = None
        ) -> Any:
            if not is_durable(name):
                return await invoke(name, event, headers, path_qualifier, query)
            return self._invoke(name, event, headers, path_qualifier or (query or {}).get("Qualifier"))

        _durable.handle_stop = handle_stop
        _eventbridge._dispatch_to_lambda = dispatch_to_lambda
        _lambda._invoke = invoke_function

    def _invoke(self, name: str, event: Any, headers: Mapping[str, str], qualifier: Any) -> Any:
        given = {key.lower(): value for key, value in headers.items()}
        qualifier = qualifier[0] if isinstance(qualifier, list) else qualifier
        if not qualifier:
            message = "You cannot invoke a durable function using an unqualified ARN."
            return _responses.error_response_json("InvalidParameterValueException", message, 400)
        if not _lambda._function_qualifier_exists(_lambda._functions[name], qualifier):
            return _lambda._function_qualifier_not_found(name, qualifier)
        payload, execution_name = json.dumps(event), given.get("x-amz-durable-execution-name")
        if wrong := _refusal(given.get("x-amz-invocation-type"), execution_name):
            return _responses.error_response_json("InvalidParameterValueException", wrong, 400)
        for record in _durable._executions.values():
            if execution_name and record["DurableExecutionName"] == execution_name:
                if record["InputPayload"] == payload:
                    return 202, {"X-Amz-Durable-Execution-Arn": record["DurableExecutionArn"]}, b""
                message = f"there is another execution {execution_name}"
                return _responses.error_response_json("DurableExecutionAlreadyStartedException", message, 409)
        arn = self._start(name, qualifier, payload, execution_name)
        return 202, {"X-Amz-Durable-Execution-Arn": arn}, b""

    def _start(self, name: str, qualifier: str | None, payload: str, execution_name: str | None) -> str:
        function = _lambda._functions[name]
        alias = function.get("aliases", {}).get(qualifier)
        version = alias["FunctionVersion"] if alias else qualifier or "$LATEST"
        record = _durable.create_execution_for_invoke(
            function_arn=_lambda._func_arn(name), version=version, input_payload=payload, name=execution_name
        )
        longest = function["config"]["DurableConfig"]["ExecutionTimeout"]
        record["_TimeoutDeadline"] = record["StartTimestamp"] + longest / self._speed
        arn: str = record["DurableExecutionArn"]
        self._awake[arn] = threading.Event()
        self._emit(record)
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(self._run, record), name=f"durable-{name}", daemon=True).start()
        return arn

    def _run(self, record: Record) -> None:
        """Invoke the function, wait for what it waits for, and invoke it again, until the execution has ended."""
        errors = 0
        while record["Status"] == "RUNNING":
            answer = self._resume(record)
            status = answer.get("Status")
            errors = 0 if status else errors + 1
            if status == "PENDING":
                self._wait(record)
            elif status or errors > _MOST_ERRORS:
                error = None if status == "SUCCEEDED" else answer.get("Error") or {"ErrorType": "Runtime.ExitError"}
                self._loop.call(lambda: self._end(record, answer.get("Result"), error))  # noqa: B023
            else:
                time.sleep(min(2**errors, 60) / self._speed)
        self._awake.pop(record["DurableExecutionArn"], None)

    def _resume(self, record: Record) -> dict[str, Any]:
        """What the function answers; nothing where its process has ended, or is stopped for its time."""
        arn = record["DurableExecutionArn"]
        function, config, _ = _lambda._get_func_record_for_ref(f"{record['FunctionArn']}:{record['Version']}")
        token = record["CheckpointToken"] = _durable.new_checkpoint_token()
        operations = self._loop.call(lambda: _durable._serialize_operations(record["Operations"], for_event=True))
        _lambda._durable_ctx.set({"arn": arn, "token": token, "name": record["DurableExecutionName"]})
        event = {
            "DurableExecutionArn": arn,
            "CheckpointToken": token,
            "InitialExecutionState": {"Operations": operations, "NextMarker": ""},
        }
        result = _lambda._execute_function(_lambda._execution_record_for_config(function, config), event)
        body = result.get("body")
        if result.get("error") or not body:
            return {}
        found = json.loads(body) if isinstance(body, str | bytes) else body
        return found if isinstance(found, dict) else {}

    def _end(self, record: Record, result: str | None, error: Any) -> None:
        _durable.mark_execution_completed(record["DurableExecutionArn"], result, error)
        self._emit(record)

    def _wait(self, record: Record) -> None:
        awake = self._awake[record["DurableExecutionArn"]]
        while record["Status"] == "RUNNING":
            is_due, next_at = self._loop.call(lambda: self._settle(record))
            if is_due:
                return
            awake.wait(None if next_at is None else max(0.0, next_at - time.time()))
            awake.clear()

    def _settle(self, record: Record) -> tuple[bool, float | None]:
        """Whether anything that was waited for has happened, and when the next thing does."""
        now, is_due = time.time(), False
        if now >= record["_TimeoutDeadline"]:
            _durable._time_out_execution(record)
            self._emit(record)
            return True, None
        times = [record["_TimeoutDeadline"]]
        for operation in record["Operations"]:
            at, then = _pending(operation)
            if then == "seen":
                operation["CallbackDetails"]["_replayed"] = is_due = True
            elif at is not None and at <= now:
                operation["Status"], is_due = then, True
            elif at is not None:
                times.append(at)
        return is_due, min(times)

    def _wake(self, arn: str, *_: Any) -> bool:
        if awake := self._awake.get(arn):
            awake.set()
        return True

    def apply_update(self, record: Record, update: Mapping[str, Any]) -> None:
        payload = str(update.get("Payload") or "")
        if len(payload.encode()) > MOST_PAYLOAD_BYTES:
            raise _durable._InvalidUpdate(f"a payload must be at most {MOST_PAYLOAD_BYTES} bytes")
        record["_Count"] = record.get("_Count", 0) + (update.get("Action") in ("START", "RETRY"))
        if record["_Count"] > MOST_OPERATIONS:
            raise _durable._InvalidUpdate(f"an execution must have at most {MOST_OPERATIONS} operations")
        self._known_update(record, dict(update))
        operation = next(each for each in record["Operations"] if each["Id"] == update["Id"])
        now = time.time()
        if operation["Type"] == "WAIT" and update["Action"] == "START":
            seconds = update["WaitOptions"]["WaitSeconds"] / self._speed
            operation["WaitDetails"]["ScheduledEndTimestamp"] = now + seconds
        if operation["Type"] == "STEP" and update["Action"] == "RETRY":
            # The next attempt is given what this one has left.
            seconds = update["StepOptions"]["NextAttemptDelaySeconds"] / self._speed
            details = operation["StepDetails"]
            details |= {"NextAttemptTimestamp": now + seconds, "Attempt": details.get("Attempt", 0) + 1}
            if payload:
                details["Result"] = payload
            operation["Status"] = "PENDING"

    def _emit(self, record: Record) -> None:
        detail = {
            "version": "1",
            "durableExecutionArn": record["DurableExecutionArn"],
            "durableExecutionName": record["DurableExecutionName"],
            "functionArn": f"{record['FunctionArn']}:{record['Version']}",
            "status": record["Status"],
        }
        self._bus.emit("aws.lambda", _EVENT, detail, resources=[])


def _keep_config() -> None:
    """Ministack's stacks leave `DurableConfig` out, with which a function is made and never changed."""
    handlers = _provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    made = handlers["create"]

    def create(logical_id: str, properties: Record, stack: str) -> Any:
        name, attributes = made(logical_id, properties, stack)
        if config := properties.get("DurableConfig"):
            _lambda._functions[name]["config"]["DurableConfig"] = {key: int(value) for key, value in config.items()}
        return name, attributes

    handlers["create"] = create


def _milliseconds(seconds: float | None) -> float | None:
    """Times as AWS gives them; ministack's are cut to whole seconds."""
    return None if seconds is None else round(seconds, 3)


def _refusal(invocation_type: str | None, execution_name: str | None) -> str:
    if invocation_type != "Event":
        return "the embedded AWS starts durable executions asynchronously only: InvocationType Event"
    if execution_name and not _NAME.fullmatch(execution_name):
        return f"durableExecutionName must be 1 to 64 letters, digits, - and _, got {execution_name}"
    return ""


def is_durable(name: str) -> bool:
    return "DurableConfig" in (_lambda._functions.get(name) or {}).get("config", {})


def durable_call(method: str, path: str) -> tuple[str, str] | None:
    """The action and the resource of a request of the durable API, as IAM names them; None of any other."""
    _, executions, rest = path.partition("/durable-executions")
    functions = path.partition("/durable-executions")[0].partition("/functions/")[2]
    if not executions or method not in ("GET", "POST"):
        return None
    if functions:
        return "lambda:ListDurableExecutionsByFunction", functions
    verbs: Mapping[str, str] = {
        "checkpoint": "CheckpointDurableExecution",
        "state": "GetDurableExecutionState",
        "history": "GetDurableExecutionHistory",
        "stop": "StopDurableExecution",
    }
    arn, _, verb = rest.strip("/").rpartition("/")
    if verb in verbs:
        return f"lambda:{verbs[verb]}", arn
    return "lambda:GetDurableExecution", rest.strip("/")


def _pending(operation: Mapping[str, Any]) -> tuple[float | None, str]:
    """When an operation that is waited for goes on, and the status that it then has."""
    kind, status = operation["Type"], operation["Status"]
    if kind == "WAIT" and status == "STARTED":
        return operation["WaitDetails"]["ScheduledEndTimestamp"], "SUCCEEDED"
    if kind == "STEP" and status == "PENDING":
        return operation["StepDetails"]["NextAttemptTimestamp"], "READY"
    if kind == "CALLBACK":
        details = operation["CallbackDetails"]
        if status in _ENDED_CALLBACK and not details.get("_replayed"):
            return None, "seen"
        if status == "STARTED":
            return details.get("TimeoutDeadline"), "TIMED_OUT"
    return None, ""
