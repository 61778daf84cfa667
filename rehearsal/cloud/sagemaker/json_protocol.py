"""The wire protocol of SageMaker and its kin: JSON 1.1, requests checked and answers written by botocore's shapes."""

import datetime as dt
import itertools
import json
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import Shape, StructureShape

from rehearsal.cloud.sagemaker.api_errors import ApiError, validation_error
from rehearsal.cloud.sagemaker.shapes import answer, coerced, violations
from rehearsal.cloud.service_models import service_model

TARGET_PREFIX = "SageMaker."
Request = dict[str, Any]
Action = Callable[[Request], Mapping[str, Any] | None]
Response = tuple[int, dict[str, str], bytes]

_MOST_TOLD = 10
_HEADERS = {"Content-Type": "application/x-amz-json-1.1"}
_log = logging.getLogger(__name__)


class Api:
    """The actions behind one lock: each sees and leaves a consistent state, and none may block."""

    def __init__(self, actions: Mapping[str, Action], lock: threading.RLock, *, service: str = "sagemaker") -> None:
        self._service, self._model = service, service_model(service)
        unknown = actions.keys() - set(self._model.operation_names)
        if unknown:
            raise ValueError(f"actions must be operations of {service}, got {', '.join(sorted(unknown))}")
        self._actions, self._lock = dict(actions), lock

    @property
    def actions(self) -> frozenset[str]:
        return frozenset(self._actions)

    def handle(self, target: str, body: bytes) -> Response:
        """Answer one HTTP request."""
        name = target.rpartition(".")[2]
        try:
            return 200, dict(_HEADERS), _encoded(self._answer(name, _decoded(body)))
        except ApiError as exc:
            return exc.status, dict(_HEADERS), _encoded({"__type": exc.code, "message": exc.message})
        except Exception:  # noqa: BLE001 -- the boundary of a request: one must not end the server
            _log.exception("%s failed", name)
            message = f"{name} failed inside the embedded AWS; its log has the details"
            return 500, dict(_HEADERS), _encoded({"__type": "InternalFailure", "message": message})

    def call(self, name: str, request: Request) -> dict[str, Any]:
        """Do one action from within this process; the answer is as on the wire.

        Raises:
            ApiError: the request is not acceptable.
        """
        return self._answer(name, request)

    def call_with_template_values(self, name: str, request: Request) -> dict[str, Any]:
        """As `call`, for a request made from CloudFormation properties, whose scalars may be strings."""
        converted: Request = coerced(request, self._model.operation_model(name).input_shape)
        return self._answer(name, converted)

    def _answer(self, name: str, request: Request) -> dict[str, Any]:
        act = self._actions.get(name)
        if act is None:
            raise ApiError("UnknownOperationException", f"{name} is not an action of the embedded {self._service}", 400)
        operation = self._model.operation_model(name)
        check(request, operation.input_shape)
        with self._lock:
            result = act(request)
            shape: Shape | None = operation.output_shape
            written: dict[str, Any] = answer(result or {}, shape) if isinstance(shape, StructureShape) else {}
        return written


def check(request: Request, shape: Shape | None) -> None:
    """Refuse a request that breaks a constraint of the model, with AWS's sentence for it."""
    if shape is None:
        return
    broken = list(itertools.islice(violations(request, shape), _MOST_TOLD))
    if broken:
        word = "error" if len(broken) == 1 else "errors"
        raise validation_error(f"{len(broken)} validation {word} detected: {'; '.join(broken)}")


def _decoded(body: bytes) -> Request:
    try:
        request = json.loads(body or b"{}")
    except ValueError as exc:
        raise ApiError("SerializationException", f"the body must be JSON: {exc}") from exc
    if not isinstance(request, dict):
        raise ApiError("SerializationException", f"the body must be a JSON object, got {type(request).__name__}")
    return request


def _encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, default=_plain).encode()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return value.timestamp()
    raise TypeError(f"an answer must be JSON, got {type(value).__name__}")
