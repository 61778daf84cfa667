"""What the fleets did → CloudWatch, with SageMaker's metrics, dimensions and units."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from rehearsal.endpoints.router import Attempt
from slipway.endpoint_kinds import REAL_TIME, EndpointKind
from slipway.guardrails.published_metrics import INVOCATION_METRICS

_MOST_VALUES = 150
"""PutMetricData takes this many Values in a datum."""

_Dimensions = tuple[tuple[str, str], ...]
_Key = tuple[float, str, str, _Dimensions]


def metric_data(
    endpoint_name: str, attempts: Iterable[tuple[float, Attempt]], kind: EndpointKind = REAL_TIME
) -> list[dict[str, Any]]:
    """MetricDatum dicts of `attempts` on a `kind` of endpoint, each with the time (epoch seconds) it counts for.

    Every metric is published by EndpointName and VariantName, and again with EndpointConfigName, which alone
    distinguishes the new fleet from the old one. SageMaker adds that dimension from an update on; here every fleet has
    it. A shadow variant's are published by its own name alone, and without OverheadLatency: so much is documented. They
    are kept by the second, unlike SageMaker's, because the report draws a rollout that lasts seconds. No alarm gains
    from that: one with a period under a minute is refused before the rollout (SG604).
    """
    samples: dict[_Key, Counter[float]] = defaultdict(Counter)
    for at, attempt in attempts:
        variant = (("EndpointName", endpoint_name), ("VariantName", attempt.variant))
        fleet = (*variant, ("EndpointConfigName", attempt.config_name))
        for name, unit, value in _samples(attempt):
            if kind not in INVOCATION_METRICS[name].kinds:
                continue
            for dimensions in (variant,) if attempt.is_shadows else (variant, fleet):
                samples[at, name, unit, dimensions][value] += 1
    return [datum for key, counts in samples.items() for datum in _data(key, counts)]


def _samples(attempt: Attempt) -> Iterator[tuple[str, str, float]]:
    """A model error is every response but 2XX, and no response; 4XX and 5XX are the model's own statuses."""
    status = attempt.status
    yield "Invocations", "None", 1.0
    yield "InvocationsPerInstance", "None", 1.0 / attempt.instances
    yield "Invocation4XXErrors", "None", float(400 <= status < 500)
    yield "Invocation5XXErrors", "None", float(status >= 500)
    yield "InvocationModelErrors", "None", float(not 200 <= status < 300)
    yield "ModelLatency", "Microseconds", float(round(attempt.model_us))
    if not attempt.is_shadows:
        yield "OverheadLatency", "Microseconds", float(round(attempt.overhead_us))


def _data(key: _Key, counts: "Counter[float]") -> Iterator[dict[str, Any]]:
    at, name, unit, dimensions = key
    values = sorted(counts)
    for begin in range(0, len(values), _MOST_VALUES):
        part = values[begin : begin + _MOST_VALUES]
        yield {
            "MetricName": name,
            "Dimensions": [{"Name": dimension, "Value": value} for dimension, value in dimensions],
            "Timestamp": datetime.fromtimestamp(at, UTC),
            "Unit": unit,
            "Values": part,
            "Counts": [float(counts[value]) for value in part],
            "StorageResolution": 1,
        }
