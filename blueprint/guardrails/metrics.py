"""What SageMaker publishes for an endpoint: kinds of metrics, their bounds, and who publishes them."""

from dataclasses import dataclass
from typing import Literal

INVOCATION_NAMESPACE = "AWS/SageMaker"
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"
PERIOD_SECONDS = 60

Kind = Literal["error", "latency", "count", "other"]
LONGEST_ANSWER_SECONDS = 480  # a streamed answer; one in a piece has 60 s
LONGEST_ASYNCHRONOUS_SECONDS = 3600


@dataclass(frozen=True)
class EndpointMetric:
    """One metric: an `error` is 1 or 0 a request, a `latency` is in microseconds, a `count` is at least 0."""

    name: str
    kind: Kind
    real_time: bool = True
    serverless: bool = True
    asynchronous: bool = False
    of_variant: bool = True
    """Has the dimensions VariantName and EndpointConfigName beside EndpointName."""


def _every(names: str, kind: Kind, *, real_time: bool = True, asynchronous: bool = False) -> list[EndpointMetric]:
    return [EndpointMetric(name, kind, real_time, real_time, asynchronous) for name in names.split()]


_INVOCATION = [
    *_every("Invocation4XXErrors Invocation5XXErrors", "error", asynchronous=True),
    *_every("InvocationModelErrors MidStreamErrors", "error"),
    *_every("ModelLatency", "latency", asynchronous=True),
    *_every("OverheadLatency FirstChunkLatency FirstChunkModelLatency FirstChunkOverheadLatency", "latency"),
    *_every("Invocations ConcurrentRequestsPerModel ConcurrentRequestsPerCopy InvocationsPerCopy", "count"),
    EndpointMetric("InvocationsPerInstance", "count", serverless=False),
    EndpointMetric("ModelSetupTime", "latency", real_time=False),
    EndpointMetric("ServerlessConcurrentExecutionsUtilization", "other", real_time=False),
    *_every("ModelLoadingWaitTime ModelUnloadingTime ModelDownloadingTime ModelLoadingTime", "latency"),
    *_every("ModelCacheHit LoadedModelCount", "other"),
    # Asynchronous endpoints publish these, the two errors and ModelLatency above, and nothing else.
    *_every(
        "RequestDownloadFailures ResponseUploadFailures NotificationFailures",
        "count",
        real_time=False,
        asynchronous=True,
    ),
    *_every("InvocationFailures InvocationsProcessed ExpiredRequests", "count", real_time=False, asynchronous=True),
    *_every("RequestDownloadLatency ResponseUploadLatency", "latency", real_time=False, asynchronous=True),
    *_every("TimeInBacklog TotalProcessingTime", "other", real_time=False, asynchronous=True),
    *(
        EndpointMetric(name, "other", real_time=False, serverless=False, asynchronous=True, of_variant=False)
        for name in (
            "ApproximateBacklogSize",
            "ApproximateBacklogSizePerInstance",
            "ApproximateAgeOfOldestRequest",
            "HasBacklogWithoutCapacity",
        )
    ),
]
INVOCATION_METRICS = {metric.name: metric for metric in _INVOCATION}
INSTANCE_METRICS = frozenset(
    f"{part}{suffix}"
    for part, suffixes in {
        "CPU": ("Utilization", "UtilizationNormalized", "Reservation"),
        "GPU": ("Utilization", "UtilizationNormalized", "Reservation"),
        "GPUMemory": ("Utilization", "UtilizationNormalized"),
        "Memory": ("Utilization", "Reservation"),
        "Disk": ("Utilization",),
    }.items()
    for suffix in suffixes
)
_AT_MOST_100 = frozenset({"MemoryUtilization", "DiskUtilization", "CPUUtilizationNormalized"})


def invocation_metric(namespace: str, name: str) -> EndpointMetric | None:
    return INVOCATION_METRICS.get(name) if namespace == INVOCATION_NAMESPACE else None


def bounds(namespace: str, name: str, *, asynchronous: bool) -> tuple[float, float] | None:
    """The least and the greatest value of one sample; None where nobody knows."""
    if namespace == INSTANCE_NAMESPACE and name in _AT_MOST_100:
        return 0.0, 100.0
    metric = invocation_metric(namespace, name)
    match metric.kind if metric else "other":
        case "error":
            return 0.0, 1.0
        case "latency":
            return 1.0, (LONGEST_ASYNCHRONOUS_SECONDS if asynchronous else LONGEST_ANSWER_SECONDS) * 1e6
        case _:
            return (1.0, 1.0) if name == "Invocations" and metric else None
