"""InvokeEndpointAsync: what its headers and its body ask for."""

from collections.abc import Mapping

from rehearsal.endpoints.request_queue import AsyncRequest

MOST_INLINE_BYTES = 128_000
_PREFIX = "x-amzn-sagemaker-"
_TTL_SECONDS, _TIMEOUT_SECONDS = 21_600, 900
"""Where a caller gives none."""


def asynchronous_request(headers: Mapping[str, str], body: bytes) -> AsyncRequest:
    """The request; names of headers are in lower case.

    Raises:
        ValueError: there is not exactly one of an input's place and a body.
    """
    location = headers.get(f"{_PREFIX}inputlocation", "")
    if bool(location) == bool(body):
        raise ValueError(f"exactly one of InputLocation and Body must be given, got {'both' if body else 'none'}")
    return AsyncRequest(
        content_type=headers.get(f"{_PREFIX}content-type", "application/octet-stream"),
        accept=headers.get(f"{_PREFIX}accept", "*/*"),
        input_location=location,
        body=body or None,
        inference_id=headers.get(f"{_PREFIX}inference-id"),
        custom_attributes=headers.get(f"{_PREFIX}custom-attributes"),
        ttl_seconds=float(headers.get(f"{_PREFIX}requestttlseconds", _TTL_SECONDS)),
        timeout_seconds=float(headers.get(f"{_PREFIX}invocationtimeoutseconds", _TIMEOUT_SECONDS)),
        file_name=headers.get(f"{_PREFIX}filename"),
        path_extension=headers.get(f"{_PREFIX}s3outputpathextension"),
    )
