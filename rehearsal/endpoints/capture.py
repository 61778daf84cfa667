"""Data capture: which requests are recorded, and the lines that SageMaker writes of them."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rehearsal.endpoints.invocation import Invocation, InvocationRequest

CUSTOM_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"

_GOLDEN = 0x9E3779B97F4A7C15
"""2**64 divided by the golden ratio: its multiples are spread evenly, and fall in step with no rhythm of requests."""

_SPAN = 1 << 64


class Sampler:
    """Chooses a share of the requests: the same ones in every run, and no kind of request more than another."""

    def __init__(self, percent: float) -> None:
        self._limit = round(percent / 100 * _SPAN)
        self._position = 0

    def chooses(self) -> bool:
        """Whether the next request is one of the share."""
        self._position = (self._position + _GOLDEN) % _SPAN
        return self._position < self._limit


@dataclass
class CapturePlan:
    """What a DataCaptureConfig asks for; each fleet has its own."""

    bucket: str
    prefix: str
    percent: float
    modes: frozenset[str]
    """Of Input and Output."""
    csv_types: frozenset[str]
    json_types: frozenset[str]
    kms_key_id: str | None
    sampler: Sampler = field(init=False)

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.percent)

    def encoding(self, content_type: str) -> str:
        """What SageMaker does with a type that the config does not name is documented: it encodes it as base64."""
        media_type = content_type.partition(";")[0].strip().lower()
        if media_type in self.csv_types:
            return "CSV"
        return "JSON" if media_type in self.json_types else "BASE64"


def capture_plan(config: Mapping[str, Any] | None) -> CapturePlan | None:
    """The plan of a DataCaptureConfig; None where nothing is captured."""
    if not config or not config.get("EnableCapture", True) or not config["InitialSamplingPercentage"]:
        return None
    bucket, _, prefix = str(config["DestinationS3Uri"]).partition("://")[2].partition("/")
    headers = config.get("CaptureContentTypeHeader") or {}
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    return CapturePlan(
        bucket=bucket,
        prefix=prefix.strip("/"),
        percent=float(config["InitialSamplingPercentage"]),
        modes=frozenset({"Input", "Output"} if "InputAndOutput" in modes else modes),
        csv_types=frozenset(name.lower() for name in headers.get("CsvContentTypes", ())),
        json_types=frozenset(name.lower() for name in headers.get("JsonContentTypes", ())),
        kms_key_id=config.get("KmsKeyId"),
    )


def capture_summary(config: Mapping[str, Any]) -> dict[str, Any]:
    """A DataCaptureConfig as DescribeEndpoint shows it."""
    enabled = bool(config.get("EnableCapture", True))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        # The API requires it here, and not where capture is configured.
        "KmsKeyId": config.get("KmsKeyId", ""),
    }


@dataclass(frozen=True)
class CapturedInvocation:
    """A request with its answer, chosen to be captured."""

    plan: CapturePlan
    request: InvocationRequest
    answer: Invocation
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def line(self) -> str:
        """The record, as one line of JSON."""
        request, response = self.request, self.answer
        data = {}
        if "Input" in self.plan.modes:
            data["endpointInput"] = self._side("INPUT", request.content_type, request.body)
        if "Output" in self.plan.modes:
            content_type = response.headers.get("content-type", "application/octet-stream")
            data["endpointOutput"] = self._side("OUTPUT", content_type, response.body)
        record = {"captureData": data, "eventMetadata": self._metadata(), "eventVersion": "0"}
        return json.dumps(record, ensure_ascii=False, separators=(",", ":"))

    def _side(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        encoding = self.plan.encoding(content_type)
        try:
            text = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode()
        except UnicodeDecodeError:
            encoding, text = "BASE64", base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": text, "encoding": encoding}

    def _metadata(self) -> dict[str, Any]:
        metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
        given = (self.request.custom_attributes, self.answer.headers.get(CUSTOM_ATTRIBUTES))
        attributes = [part.strip() for text in given if text for part in text.split(",") if part.strip()]
        if attributes:
            metadata["customAttributes"] = list(dict.fromkeys(attributes))
        if self.request.inference_id is not None:
            metadata["inferenceId"] = self.request.inference_id
        return {**metadata, "inferenceTime": f"{self.at:%Y-%m-%dT%H:%M:%SZ}"}
