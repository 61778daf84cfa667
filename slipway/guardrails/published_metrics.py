"""What is published of an endpoint: by SageMaker, by the model servers, by canary analysis."""

from dataclasses import dataclass
from typing import Literal

from slipway.canary.statistics.evidence import Decision
from slipway.endpoint_kinds import ASYNCHRONOUS, REAL_TIME, SERVERLESS, EndpointKind
from slipway.metrics import DECISION_METRIC, ENDPOINT_NAMESPACE, SAGEMAKER_NAMESPACE, is_decision_namespace

INVOCATION_NAMESPACE = SAGEMAKER_NAMESPACE
INSTANCE_NAMESPACE = "/aws/sagemaker/Endpoints"
PERIOD_SECONDS = 60

Kind = Literal["error", "latency", "count", "drift", "decision", "other"]
_SYNCHRONOUS = frozenset({REAL_TIME, SERVERLESS})
_QUEUED = frozenset({ASYNCHRONOUS})
_EVERY = _SYNCHRONOUS | _QUEUED
_ENDPOINT = ("EndpointName",)
_VARIANT = ("EndpointName", "VariantName")


@dataclass(frozen=True)
class EndpointMetric:
    """One metric.

    An `error` is 1 or 0 a request, a `latency` is in microseconds, a `count` is at least 0, a `drift` is a population
    stability index, a `decision` is 0 (extend), 1 (promote) or 2 (roll back).
    """

    name: str
    kind: Kind
    kinds: frozenset[EndpointKind] = _SYNCHRONOUS
    """Of endpoint: those that publish it."""
    whole: tuple[str, ...] = _VARIANT
    """The dimensions under which it is published of everything that has the name."""
    selector: str | None = "EndpointConfigName"
    """The further dimension by which the new fleet differs from the old one."""

    @property
    def dimensions(self) -> tuple[str, ...]:
        return (*self.whole, self.selector) if self.selector else self.whole


def _each(names: str, kind: Kind, kinds: frozenset[EndpointKind] = _SYNCHRONOUS) -> list[EndpointMetric]:
    return [EndpointMetric(name, kind, kinds) for name in names.split()]


_INVOCATION = [
    *_each("Invocation4XXErrors Invocation5XXErrors", "error", _EVERY),
    *_each("InvocationModelErrors MidStreamErrors", "error"),
    *_each("ModelLatency", "latency", _EVERY),
    *_each("OverheadLatency FirstChunkLatency FirstChunkModelLatency FirstChunkOverheadLatency", "latency"),
    *_each("Invocations ConcurrentRequestsPerModel ConcurrentRequestsPerCopy InvocationsPerCopy", "count"),
    EndpointMetric("InvocationsPerInstance", "count", frozenset({REAL_TIME})),
    EndpointMetric("ModelSetupTime", "latency", frozenset({SERVERLESS})),
    EndpointMetric("ServerlessConcurrentExecutionsUtilization", "other", frozenset({SERVERLESS})),
    *_each("ModelLoadingWaitTime ModelUnloadingTime ModelDownloadingTime ModelLoadingTime", "latency"),
    *_each("ModelCacheHit LoadedModelCount", "other"),
    # Asynchronous endpoints publish these, the two errors and ModelLatency above, and nothing else.
    *_each("RequestDownloadFailures ResponseUploadFailures NotificationFailures", "count", _QUEUED),
    *_each("InvocationFailures InvocationsProcessed ExpiredRequests", "count", _QUEUED),
    *_each("RequestDownloadLatency ResponseUploadLatency", "latency", _QUEUED),
    *_each("TimeInBacklog TotalProcessingTime", "other", _QUEUED),
    *(
        EndpointMetric(name, "other", _QUEUED, whole=_ENDPOINT, selector=None)
        for name in (
            "ApproximateBacklogSize",
            "ApproximateBacklogSizePerInstance",
            "ApproximateAgeOfOldestRequest",
            "HasBacklogWithoutCapacity",
        )
    ),
]
INVOCATION_METRICS = {metric.name: metric for metric in _INVOCATION}
_SERVER_KINDS: dict[str, Kind] = {
    "PredictionDrift": "drift",
    "InputDrift": "drift",
    "ScoredRows": "count",
    "UpperHalf": "count",
    "Tails": "count",
    "Requests": "count",
    "Errors": "count",
    "Latency": "latency",
}
_SERVER_METRICS = {
    name: EndpointMetric(name, kind, _EVERY, selector="ModelPackageArn") for name, kind in _SERVER_KINDS.items()
}
_DECISION_METRICS = {DECISION_METRIC: EndpointMetric(DECISION_METRIC, "decision", _EVERY, whole=_ENDPOINT)}
_PUBLISHED = {
    INVOCATION_NAMESPACE: INVOCATION_METRICS,
    ENDPOINT_NAMESPACE: _SERVER_METRICS,
}
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
METRIC_NAMES = {space: frozenset(metrics) for space, metrics in _PUBLISHED.items()} | {
    INSTANCE_NAMESPACE: INSTANCE_METRICS
}
"""Everything that is published by the minute, by namespace."""
_AT_MOST_100 = frozenset({"MemoryUtilization", "DiskUtilization", "CPUUtilizationNormalized"})


def endpoint_metric(namespace: str, name: str) -> EndpointMetric | None:
    found = _DECISION_METRICS if is_decision_namespace(namespace) else _PUBLISHED.get(namespace, {})
    return found.get(name)


def metric_names(namespace: str) -> frozenset[str] | None:
    """Everything there is in a namespace; None where it is not of SageMaker's or ours."""
    return frozenset(_DECISION_METRICS) if is_decision_namespace(namespace) else METRIC_NAMES.get(namespace)


def bounds(namespace: str, name: str, *, kind: EndpointKind) -> tuple[float, float] | None:
    """The least and the greatest value of one sample; None where it is unknown."""
    if namespace == INSTANCE_NAMESPACE and name in _AT_MOST_100:
        return 0.0, 100.0
    metric = endpoint_metric(namespace, name)
    match metric.kind if metric else "other":
        case "error":
            return 0.0, 1.0
        case "latency":
            return 1.0, kind.longest_response_seconds * 1e6
        case "decision":
            return 0.0, float(Decision.ROLL_BACK)
        case _:
            return (1.0, 1.0) if name == "Invocations" and metric else None
