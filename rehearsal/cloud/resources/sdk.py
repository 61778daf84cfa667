"""Resource types made through an SDK's calls to a service that ministack has."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from rehearsal.cloud.resources.handler import ProvisioningError
from rehearsal.cloud.sagemaker.shapes import coerced

ClientFactory = Callable[[str], Any]


class Sdk:
    """One service; what it refuses becomes the stack event's reason."""

    def __init__(self, client: ClientFactory, service: str) -> None:
        self._client, self._service = client, service

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """`request` may have a template's strings for numbers and booleans."""
        client = self._client(self._service)
        shape = client.meta.service_model.operation_model(operation).input_shape
        try:
            answered: dict[str, Any] = client._make_api_call(operation, coerced(request, shape))  # noqa: SLF001 -- by its AWS name
        except ParamValidationError as exc:
            raise ProvisioningError(f"{exc} (Service: {self._service})") from exc
        except ClientError as exc:
            error = exc.response["Error"]
            raise ProvisioningError(
                f'Resource handler returned message: "{error.get("Message", "")} (Service: {self._service}, '
                f'Error Code: {error["Code"]})"'
            ) from exc
        return answered

    def gone(self, operation: str, *codes: str, **request: Any) -> None:
        """Call a Delete action; an error whose code is one of `codes` means that there is nothing to delete."""
        try:
            self.call(operation, **request)
        except ProvisioningError as exc:
            if not any(f"Error Code: {code})" in str(exc) for code in codes):
                raise
