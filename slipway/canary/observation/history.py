"""What the old fleet counted in the hours before, window by window → how much more it varies than by chance."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import floor

from slipway.canary.config import Tolerances
from slipway.canary.observation.counting import Fleets, Query, query
from slipway.canary.observation.latencies import LATENCY_METRICS, LatencyBaseline
from slipway.canary.statistics.dispersion import MINUTE, WINDOW_SECONDS, Windows, dispersions, promotion_dispersions
from slipway.canary.statistics.streams import LATENCY_SHARES, SERVED, TOLERANCE_SHARE, streams
from slipway.metrics import ENDPOINT_NAMESPACE, SAGEMAKER_NAMESPACE

HISTORY_SECONDS = 10_800
"""CloudWatch keeps ten seconds apart for three hours."""

Series = Mapping[str, Mapping[float, float]]
"""The values of each query by the epoch second at which their period begins."""


@dataclass(frozen=True)
class _Counted:
    """The statistics and metrics of a stream's requests and hits, and the namespace that they are in."""

    namespace: str
    requests: tuple[str, str]
    hits: tuple[str, str]

    @property
    def seconds(self) -> int:
        return WINDOW_SECONDS if self.namespace == ENDPOINT_NAMESPACE else MINUTE


def history_queries(
    tolerances: Tolerances, fleets: Fleets, baselines: Mapping[str, LatencyBaseline], names: Collection[str]
) -> list[Query]:
    """The old fleet's windows for the streams of these names: by its own config (or package), or by the variant."""
    found = []
    for name, counted in _counted(tolerances, baselines, names):
        for owner, dimensions in _dimensions(fleets, counted.namespace).items():
            for what, (metric, statistic) in (("requests", counted.requests), ("hits", counted.hits)):
                id_ = _id(name, owner, what)
                found.append(query(id_, counted.namespace, metric, statistic, dimensions, period=counted.seconds))
    return found


def history_dispersions(
    tolerances: Tolerances, baselines: Mapping[str, LatencyBaseline], names: Collection[str], series: Series
) -> dict[str, float]:
    """By stream, for those with enough hits."""
    windows = {
        name: _windows(name, counted.seconds, series) for name, counted in _counted(tolerances, baselines, names)
    }
    every = dispersions(windows) | promotion_dispersions(windows)
    return {name: float(found) for name, found in every.items() if found}


def _counted(
    tolerances: Tolerances, baselines: Mapping[str, LatencyBaseline], names: Collection[str]
) -> Iterator[tuple[str, _Counted]]:
    every = {
        "errors": _Counted(
            SAGEMAKER_NAMESPACE, (tolerances.error_metric, "SampleCount"), (tolerances.error_metric, "Sum")
        ),
        f"{SERVED}errors": _Counted(ENDPOINT_NAMESPACE, ("Requests", "Sum"), ("Errors", "Sum")),
        "upper half": _Counted(ENDPOINT_NAMESPACE, ("ScoredRows", "Sum"), ("UpperHalf", "Sum")),
        "tails": _Counted(ENDPOINT_NAMESPACE, ("ScoredRows", "Sum"), ("Tails", "Sum")),
    }
    for source, baseline in baselines.items():
        namespace, metric = LATENCY_METRICS[source]
        for share, limit in zip(LATENCY_SHARES, baseline.limits, strict=False):
            slow = _Counted(namespace, (metric, "SampleCount"), (metric, f"TC({limit:.0f}:)"))
            every[f"{source}slow {share:g}"] = slow
            if not source and share == TOLERANCE_SHARE:
                every["slow beyond tolerance"] = slow
    return ((s.name, every[s.name]) for s in streams(tolerances) if s.name in every and s.name in names)


def _dimensions(fleets: Fleets, namespace: str) -> dict[str, dict[str, str]]:
    if namespace == ENDPOINT_NAMESPACE:
        return {"own": fleets.of_package(fleets.previous_package)}
    return {"own": fleets.of_config(fleets.previous_config), "variant": fleets.both}


def _id(name: str, owner: str, what: str) -> str:
    return f"{name}_{owner}_{what}".replace(" ", "_").replace(".", "_")


def _windows(name: str, seconds: int, series: Series) -> Windows:
    """From the first full minute on; a window without a datapoint has no request."""
    counts_by = [{what: series.get(_id(name, owner, what), {}) for what in ("requests", "hits")} for owner in _OWNERS]
    known = next((each for each in counts_by if each["requests"]), None)
    if not known:
        return Windows((), (), seconds)
    requests, hits = known["requests"], known["hits"]
    first, last = floor(min(requests) / MINUTE) * MINUTE, max(requests)
    times = [float(at) for at in range(first, int(last) + 1, seconds)]
    counts = [requests.get(at, 0.0) for at in times]
    return Windows(counts, [min(hits.get(at, 0.0), count) for at, count in zip(times, counts, strict=True)], seconds)


_OWNERS = ("own", "variant")
