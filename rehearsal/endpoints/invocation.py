"""A request of a user, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class InvocationRequest:
    """One InvokeEndpoint; `received` is of `time.perf_counter`."""

    body: bytes
    content_type: str
    accept: str
    target_variant: str | None
    inference_id: str | None
    received: float
    custom_attributes: str | None = None
    timeout_seconds: float | None = None
    """For the model's response; without it, the usual time."""


@dataclass(frozen=True)
class Invocation:
    """The model's own answer; a status of 0 with our text where it gave none. Header names are in lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    variant: str
    config_name: str

    def error_text(self) -> str:
        """SageMaker's words for a response that is no success."""
        text = self.body.decode(errors="replace")
        side = "client" if 400 <= self.status < 500 else "server"  # 0 is a container that gave no response
        return f'Received {side} error ({self.status}) from {self.variant} with message "{text}".'
