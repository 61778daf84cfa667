"""One request that waits in an asynchronous endpoint's queue."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QueuedRequest:
    """One InvokeEndpointAsync; `received` in epoch seconds, `body` where it came with the request."""

    inference_id: str
    input_location: str
    output_location: str
    failure_location: str
    content_type: str
    accept: str
    custom_attributes: str | None
    ttl_seconds: float
    timeout_seconds: float
    received: float
    body: bytes | None = None
