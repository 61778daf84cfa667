"""What every resource type shares: calls whose errors become stack events, generated names, tags."""

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.sagemaker.arns import random_id
from rehearsal.cloud.sagemaker.json_protocol import Request

Call = Callable[[str, Request], dict[str, Any]]
_GONE = ("ResourceNotFound", "ObjectNotFoundException")
_NAME_LENGTH = 63
_SUFFIX_LENGTH = 12


class ProvisioningError(Exception):
    """The text is the ResourceStatusReason."""


class SageMaker:
    """A control plane, SageMaker's or that of a kin, as CloudFormation's handlers see it."""

    def __init__(self, call: Call, *, service: str = "SageMaker") -> None:
        self._call, self._service = call, service

    def call(self, action: str, request: Request) -> dict[str, Any]:
        """Raise the stack event's error when SageMaker rejects a call."""
        try:
            return self._call(action, request)
        except ApiError as exc:
            message = f"{exc.message} (Service: {self._service}, Status Code: {exc.status})"
            raise ProvisioningError(
                f'Resource handler returned message: "{message}" (HandlerErrorCode: {_handler_code(exc)})'
            ) from exc

    def gone(self, action: str, request: Request) -> bool:
        """Whether the error of a Describe or Delete action means that there is no such resource."""
        try:
            self._call(action, request)
        except ApiError as exc:
            if exc.code in _GONE or "not find" in exc.message or "does not exist" in exc.message:
                return True
            raise ProvisioningError(f"{exc.message} (Service: {self._service}, Status Code: {exc.status})") from exc
        return False

    def retag(self, arn: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        """Bring the resource's tags from those of `old` to those of `new`."""
        before, after = tags_of(old), tags_of(new)
        if dropped := sorted(before.keys() - after.keys()):
            self.call("DeleteTags", {"ResourceArn": arn, "TagKeys": dropped})
        if after:
            self.call("AddTags", {"ResourceArn": arn, "Tags": [{"Key": k, "Value": v} for k, v in after.items()]})


def _handler_code(exc: ApiError) -> str:
    if "already exist" in exc.message:
        return "AlreadyExists"
    if exc.code in _GONE or "not find" in exc.message or "does not exist" in exc.message:
        return "NotFound"
    if exc.code == "ResourceLimitExceeded":
        return "ServiceLimitExceeded"
    return "InvalidRequest" if exc.code == "ValidationException" else "GeneralServiceException"


def tags_of(properties: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags") or ()}


def generated_name(stack: str, logical_id: str) -> str:
    """`<stack>-<logical id>-<random>`; the random part survives the cut to SageMaker's 63 characters."""
    stem = f"{stack}-{logical_id}"[: _NAME_LENGTH - _SUFFIX_LENGTH - 1].rstrip("-")
    return f"{stem}-{random_id(_SUFFIX_LENGTH)}"


def without(properties: Mapping[str, Any], *names: str) -> Request:
    return {key: value for key, value in properties.items() if key not in names}
