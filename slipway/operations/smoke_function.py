"""Invoke the deployed smoke test, a function that sends a row, made from the model's contract, to the endpoint."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import backoff

_READ_TIMEOUT_SECONDS = 250.0
"""Longer than the function may take."""
_LONGEST_WAIT_SECONDS = 15.0
_LONGEST_REASON = 300
_TRANSIENT = ("ResourceConflictException", "TooManyRequestsException")
"""The function is not ready, or runs too often at the same time."""


@dataclass(frozen=True)
class SmokeResult:
    """Whether the endpoint returned a score as the contract demands; `reason` is the score or the error in one line."""

    passed: bool
    reason: str


def invoke_smoke_test(
    stage: DeployedStage, package: str, *, sleep: Callable[[float], None] = time.sleep
) -> SmokeResult:
    """Have the endpoint score a row for `package`.

    Raises:
        ClientError, BotoCoreError: the package or the function cannot be reached, or permission is missing.
    """
    payload = {"EndpointName": stage.names.endpoint, **_of_package(stage, package)}
    client = stage.client("lambda", read_timeout=_READ_TIMEOUT_SECONDS)
    seconds_left = stage.settings.endpoint.facts.start_seconds
    waits = backoff(longest=_LONGEST_WAIT_SECONDS)
    while True:
        started, seconds = time.monotonic(), next(waits)
        result = _invoke(client, stage.names.smoke_test, payload)
        seconds_left -= time.monotonic() - started + seconds
        if result.passed or seconds_left < 0:
            return result
        sleep(seconds)


def _of_package(stage: DeployedStage, package: str) -> dict[str, Any]:
    """Where its model lies, and the profile of its training data, if it has one."""
    found = stage.client("sagemaker").describe_model_package(ModelPackageName=package)
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    container = {"ModelDataUrl": str(containers[0].get("ModelDataUrl", "")) if containers else ""}
    profile = found.get("ModelMetrics", {}).get("ModelDataQuality")
    return {"Container": container} | ({"Profile": profile["Statistics"]["S3Uri"]} if profile else {})


def _invoke(client: Any, function: str, payload: dict[str, Any]) -> SmokeResult:
    try:
        response = client.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    except ClientError as exc:
        if code_of(exc) in _TRANSIENT:
            return _failed(f"function {function} cannot be invoked now: {exc}")
        if code_of(exc) == "ResourceNotFoundException":
            return _failed(f"function {function} does not exist: deploy the rollout stack")
        raise
    text = response["Payload"].read().decode(errors="replace")
    if response.get("FunctionError"):
        return _failed(f"function {function} failed: {text}")
    try:
        returned = json.loads(text)
        return SmokeResult(passed=returned["passed"] is True, reason=_one_line(str(returned["reason"])))
    except (ValueError, TypeError, KeyError):
        return _failed(f"function {function} must return whether the test passed, got {text!r}")


def _failed(reason: str) -> SmokeResult:
    return SmokeResult(passed=False, reason=_one_line(reason))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]
