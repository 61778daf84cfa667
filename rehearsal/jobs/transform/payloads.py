"""Objects split into records, and records packed into requests, within the job's limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rehearsal.jobs.job_outcomes import JobError

DEFAULT_PAYLOAD_MB, DEFAULT_CONCURRENT = 6, 1
MOST_MB = 100
_MEGABYTE = 1024 * 1024
_SPLITS = ("None", "Line")
_STRATEGIES = {"MULTI_RECORD": "MultiRecord", "SINGLE_RECORD": "SingleRecord"}


@dataclass(frozen=True)
class TransformLimits:
    """How requests are made: of the job, of the container's /execution-parameters, or SageMaker's defaults."""

    strategy: str
    payload_mb: int
    concurrent: int

    @classmethod
    def of(cls, request: Mapping[str, Any], parameters: Mapping[str, Any]) -> Self:
        """Take each from the request, else from the container's `parameters`."""
        offered = _STRATEGIES.get(str(parameters.get("BatchStrategy", "")).upper())
        return cls(
            strategy=request.get("BatchStrategy") or offered or "MultiRecord",
            payload_mb=int(request.get("MaxPayloadInMB") or parameters.get("MaxPayloadInMB") or DEFAULT_PAYLOAD_MB),
            concurrent=int(
                request.get("MaxConcurrentTransforms")
                or parameters.get("MaxConcurrentTransforms")
                or DEFAULT_CONCURRENT
            ),
        )

    @property
    def most_bytes(self) -> int:
        return self.payload_mb * _MEGABYTE

    def environment(self) -> dict[str, str]:
        """What SageMaker sets in the container."""
        return {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_BATCH_STRATEGY": {made: name for name, made in _STRATEGIES.items()}[self.strategy],
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.payload_mb),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self.concurrent),
        }

    def payloads(self, records: Sequence[bytes], *, where: str) -> Iterator[slice]:
        """Give the places of each request's records: as many as fit, or one.

        Raises:
            JobError: a record alone is too large.
        """
        start, size = 0, 0
        for place, record in enumerate(records):
            if len(record) + 1 > self.most_bytes:
                raise JobError(
                    f"ClientError: a record of {where} has {len(record)} bytes, above MaxPayloadInMB {self.payload_mb}"
                )
            full = size + len(record) + 1 > self.most_bytes or self.strategy == "SingleRecord"
            if place > start and full:
                yield slice(start, place)
                start, size = place, 0
            size += len(record) + 1
        if start < len(records):
            yield slice(start, len(records))


def limit_errors(request: Mapping[str, Any]) -> Iterator[str]:
    """What SageMaker refuses of a CreateTransformJob request."""
    payload = int(request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB))
    concurrent = int(request.get("MaxConcurrentTransforms", 0))
    split = request["TransformInput"].get("SplitType", "None")
    if payload > MOST_MB:
        yield f"MaxPayloadInMB must be at most {MOST_MB}, got {payload}"
    elif payload * concurrent > MOST_MB:
        yield f"MaxConcurrentTransforms * MaxPayloadInMB must be at most {MOST_MB} MB, got {payload * concurrent}"
    if payload == 0:
        yield "MaxPayloadInMB must be at least 1 on the laptop, which streams no payload in chunks, got 0"
    if split not in _SPLITS:
        yield f"SplitType must be {' or '.join(_SPLITS)} on the laptop, got {split}"
    if "BatchStrategy" in request and split == "None":
        yield f"BatchStrategy needs SplitType Line, got {request['BatchStrategy']} with SplitType None"


def records_of(content: bytes, split: str) -> list[bytes]:
    """Split an object at its line breaks, or give it whole; the end of its last line begins no record."""
    if split == "None":
        return [content]
    lines = [line.removesuffix(b"\r") for line in content.split(b"\n")]
    return lines[:-1] if lines and not lines[-1] else lines
