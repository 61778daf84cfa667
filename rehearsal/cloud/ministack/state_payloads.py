"""Step Functions' limit on what an execution, and each task of it, is given and gives."""

import json
from collections.abc import Sequence
from typing import Any

from ministack.core import responses as _responses
from ministack.services import stepfunctions as _stepfunctions

MOST_BYTES = 262_144
"""Of the JSON in UTF-8."""
_TOO_LARGE = "States.DataLimitExceeded"


def limit_payloads() -> None:
    """Refuse a larger input of an execution; end one whose task has larger parameters or a larger result."""
    start, invoke = _stepfunctions._start_execution, _stepfunctions._invoke_resource
    matches = _stepfunctions._error_matches

    def start_execution(request: dict[str, Any]) -> Any:
        if len(str(request.get("input", "")).encode()) > MOST_BYTES:
            message = (
                "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length "
                f"less than or equal to {MOST_BYTES}"
            )
            return _responses.error_response_json("ValidationException", message, 400)
        return start(request)

    def invoke_resource(resource: str, parameters: Any) -> Any:
        _check(parameters, "input", resource)
        result = invoke(resource, parameters)
        _check(result, "output", resource)
        return result

    def error_matches(named: Sequence[str], error: str) -> bool:
        found: bool = error in named if error == _TOO_LARGE else matches(named, error)  # States.ALL is not for it
        return found

    _stepfunctions._start_execution, _stepfunctions._invoke_resource = start_execution, invoke_resource
    _stepfunctions._error_matches = error_matches


def _check(payload: Any, what: str, resource: str) -> None:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), default=str)
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        cause = f"The task {resource} has an {what} of more than {MOST_BYTES} bytes, the limit of the service"
        raise _stepfunctions._ExecutionError(_TOO_LARGE, cause)
