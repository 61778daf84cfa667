"""Step Functions' integrations that ministack lacks, called through a real SDK: aws-sdk ones, and Athena's own."""

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.services import stepfunctions as _stepfunctions

ClientFactory = Callable[[str], Any]

SERVICES: Mapping[str, str] = {
    "sagemaker": "SageMaker",
    "sagemakerruntime": "SageMakerRuntime",
    "cloudformation": "CloudFormation",
    "ssm": "Ssm",
    "cloudwatch": "CloudWatch",
    "s3": "S3",
    "athena": "Athena",
}
"""The service's word in the task's ARN, and its prefix in error names (the Java SDK's, as on AWS)."""

_BOTO_NAMES = {"sagemakerruntime": "sagemaker-runtime"}
_PREFIX = "arn:aws:states:::aws-sdk:"
_QUERY = "arn:aws:states:::athena:startQueryExecution"
_POLL_SECONDS = 0.2


def add_sdk_integrations(client: ClientFactory) -> None:
    """Answer `arn:aws:states:::aws-sdk:<service>:<action>` for `SERVICES` with boto3 clients from `client`."""
    known = _stepfunctions._invoke_aws_sdk_integration

    def invoke(resource: str, parameters: dict[str, Any] | None) -> Any:
        service, _, action = resource.removeprefix(_PREFIX).removesuffix(".waitForTaskToken").partition(":")
        if service.lower() not in SERVICES:
            return known(resource, parameters)
        return call_sdk(client, service.lower(), action, parameters or {})

    _stepfunctions._invoke_aws_sdk_integration = invoke


def add_athena_integration(client: ClientFactory) -> None:
    """Answer `athena:startQueryExecution`, and with `.sync` the query's end: its description, or States.TaskFailed."""

    def run(resource: str, parameters: dict[str, Any] | None) -> Any:
        started = call_sdk(client, "athena", "startQueryExecution", parameters or {})
        if not resource.endswith(".sync"):
            return started
        asked = {"QueryExecutionId": started["QueryExecutionId"]}
        while True:
            found = call_sdk(client, "athena", "getQueryExecution", asked)
            state = found["QueryExecution"]["Status"]["State"]
            if state == "SUCCEEDED":
                return found
            if state in ("FAILED", "CANCELLED"):
                cause = json.dumps(found["QueryExecution"], separators=(",", ":"))
                raise _stepfunctions._ExecutionError("States.TaskFailed", cause)
            time.sleep(_POLL_SECONDS)

    _stepfunctions._SERVICE_DISPATCH[_QUERY] = run


def call_sdk(client: ClientFactory, service: str, action: str, parameters: Mapping[str, Any]) -> Any:
    """One SDK call as a Task state sees it: PascalCase keys in and out, times as ISO 8601, Java's error names."""
    sdk = client(_BOTO_NAMES.get(service, service))
    operation = action[:1].upper() + action[1:]
    model = sdk.meta.service_model
    prefix = SERVICES[service]
    if operation not in model.operation_names:
        raise _stepfunctions._ExecutionError("States.Runtime", f"{action} must be an action of {service}")
    shapes = model.operation_model(operation)
    try:
        answer = sdk._make_api_call(operation, _to_wire(parameters, shapes.input_shape))
    except ParamValidationError as exc:
        raise _stepfunctions._ExecutionError("States.Runtime", str(exc)) from exc
    except ClientError as exc:
        raise _stepfunctions._ExecutionError(*_java_error(prefix, model, exc.response)) from exc
    answer.pop("ResponseMetadata", None)
    return _to_state(answer, shapes.output_shape)


def _java_error(prefix: str, model: Any, response: Any) -> tuple[str, str]:
    code, message = response["Error"]["Code"], response["Error"].get("Message", "")
    shape = model.shape_for_error_code(code)
    name = f"{prefix}Exception"
    if shape is not None:
        stem = shape.name.removesuffix("Exception").removesuffix("Fault")
        name = f"{stem}Exception"
    metadata = response.get("ResponseMetadata", {})
    status, request = metadata.get("HTTPStatusCode"), metadata.get("RequestId")
    return f"{prefix}.{name}", f"{message} (Service: {prefix}, Status Code: {status}, Request ID: {request})"


def _to_wire(value: Any, shape: Shape | None) -> Any:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        wire = {_stepfunctions._api_name_to_sfn_key(name): name for name in shape.members}
        named = {(key if key in shape.members else wire.get(key, key)): item for key, item in value.items()}
        return {name: _to_wire(item, shape.members.get(name)) for name, item in named.items()}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_wire(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _to_wire(item, shape.value) for key, item in value.items()}
    return value


def _to_state(value: Any, shape: Shape | None) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if hasattr(value, "read"):
        return value.read().decode()
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            _stepfunctions._api_name_to_sfn_key(name): _to_state(item, shape.members.get(name))
            for name, item in value.items()
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_state(item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {key: _to_state(item, shape.value) for key, item in value.items()}
    return value
