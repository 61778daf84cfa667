"""What an endpoint answers to a row made from its model's contract, sent by the use case's own function."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.operations.aws_errors import code_of
from slipway.operations.deployed_stage import DeployedStage
from slipway.operations.polling import pauses

PATIENCE_SECONDS = 120.0
"""For a serverless endpoint, which may have to start first. Otherwise the function's own three attempts are enough."""
_FUNCTION_SECONDS = 250.0
"""Longer than the function may take."""
_LONGEST_PAUSE_SECONDS = 15.0
_LONGEST_REASON = 300
_PASSING = ("ResourceConflictException", "TooManyRequestsException")
"""The function is not ready, or too many are at work."""


@dataclass(frozen=True)
class Answer:
    """Whether the endpoint gave a score as the contract promises; the score, or why not, in one line."""

    passed: bool
    reason: str


def ask(stage: DeployedStage, package: str, *, pause: Callable[[float], None] = time.sleep) -> Answer:
    """Have the endpoint score a row for `package`.

    Raises:
        ClientError, BotoCoreError: the package or the function cannot be reached, or these credentials may not.
    """
    payload = {"EndpointName": stage.settings.names.endpoint, "Container": {"ModelDataUrl": _model(stage, package)}}
    left = PATIENCE_SECONDS if stage.settings.endpoint.serverless else 0.0
    lambda_ = stage.client("lambda", read_timeout=_FUNCTION_SECONDS)
    for seconds in pauses(longest=_LONGEST_PAUSE_SECONDS):
        begun = time.monotonic()
        answer = _invoked(lambda_, stage.settings.names.smoke_test, payload)
        left -= time.monotonic() - begun + seconds
        if answer.passed or left < 0:
            return answer
        pause(seconds)
    raise AssertionError("pauses never end")


def _model(stage: DeployedStage, package: str) -> str:
    found = stage.client("sagemaker").describe_model_package(ModelPackageName=package)
    containers = found.get("InferenceSpecification", {}).get("Containers", [])
    return str(containers[0].get("ModelDataUrl", "")) if containers else ""


def _invoked(lambda_: Any, function: str, payload: dict[str, Any]) -> Answer:
    try:
        response = lambda_.invoke(FunctionName=function, Payload=json.dumps(payload).encode())
    except ClientError as exc:
        if code_of(exc) in _PASSING:
            return Answer(passed=False, reason=_line(f"function {function} cannot be asked now: {exc}"))
        if code_of(exc) == "ResourceNotFoundException":
            return Answer(passed=False, reason=f"function {function} is not there: deploy the rollout stack")
        raise
    text = response["Payload"].read().decode(errors="replace")
    if response.get("FunctionError"):
        return Answer(passed=False, reason=_line(f"function {function} failed: {text}"))
    try:
        said = json.loads(text)
        return Answer(passed=said["passed"] is True, reason=_line(str(said["reason"])))
    except (ValueError, TypeError, KeyError):
        return Answer(passed=False, reason=_line(f"function {function} must say whether the test passed, got {text!r}"))


def _line(text: str) -> str:
    return " ".join(text.split())[:_LONGEST_REASON]
