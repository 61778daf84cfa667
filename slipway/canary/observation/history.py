"""What the old fleet counted in the hour before, window by window → how much more it varies than chance has it."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from math import floor

from slipway.canary.observation.counting import SERVERS, SERVICE, Fleets, Query, query
from slipway.canary.observation.latencies import LATENCY_METRICS, Usual
from slipway.canary.statistics.dispersion import MINUTE, WINDOW_SECONDS, Windows, dispersions
from slipway.canary.statistics.tolerances import LATENCY_SHARES, SERVED, TOLERANCE_SHARE, JudgePlan, streams

PAST_SECONDS = 3600
"""CloudWatch keeps ten seconds apart for three hours."""

Series = Mapping[str, Mapping[float, float]]
"""The values of each query by the epoch second at which their period begins."""


@dataclass(frozen=True)
class _Counted:
    """By which statistics of which metrics a stream's requests and hits are told; and who tells them."""

    namespace: str
    requests: tuple[str, str]
    hits: tuple[str, str]

    @property
    def seconds(self) -> int:
        return WINDOW_SECONDS if self.namespace == SERVERS else MINUTE


def past_queries(plan: JudgePlan, fleets: Fleets, usual: Mapping[str, Usual], names: Collection[str]) -> list[Query]:
    """The old fleet's windows for the streams of these names: by its own config (or package), or by the variant."""
    found = []
    for name, counted in _counted(plan, usual, names):
        for whose, dimensions in _whose(fleets, counted.namespace).items():
            for what, (metric, statistic) in (("requests", counted.requests), ("hits", counted.hits)):
                id_ = _id(name, whose, what)
                found.append(query(id_, counted.namespace, metric, statistic, dimensions, period=counted.seconds))
    return found


def past_dispersions(
    plan: JudgePlan, usual: Mapping[str, Usual], names: Collection[str], series: Series
) -> dict[str, float]:
    """By stream, for those that enough is known of."""
    told = {name: _windows(name, counted.seconds, series) for name, counted in _counted(plan, usual, names)}
    return {name: float(found) for name, found in dispersions(told).items() if found}


def _counted(plan: JudgePlan, usual: Mapping[str, Usual], names: Collection[str]) -> Iterator[tuple[str, _Counted]]:
    every = {
        "errors": _Counted(SERVICE, ("InvocationModelErrors", "SampleCount"), ("InvocationModelErrors", "Sum")),
        f"{SERVED}errors": _Counted(SERVERS, ("Requests", "Sum"), ("Errors", "Sum")),
        "upper half": _Counted(SERVERS, ("ScoredRows", "Sum"), ("UpperHalf", "Sum")),
        "tails": _Counted(SERVERS, ("ScoredRows", "Sum"), ("Tails", "Sum")),
    }
    for source, known in usual.items():
        namespace, metric = LATENCY_METRICS[source]
        for share, limit in zip(LATENCY_SHARES, known.limits, strict=False):
            slow = _Counted(namespace, (metric, "SampleCount"), (metric, f"TC({limit:.0f}:)"))
            every[f"{source}slow {share:g}"] = slow
            if not source and share == TOLERANCE_SHARE:
                every["slow beyond tolerance"] = slow
    return ((s.name, every[s.name]) for s in streams(plan) if s.name in every and s.name in names)


def _whose(fleets: Fleets, namespace: str) -> dict[str, dict[str, str]]:
    if namespace == SERVERS:
        return {"own": fleets.of_package(fleets.previous_package)}
    return {"own": fleets.of_config(fleets.previous_config), "variant": fleets.both}


def _id(name: str, whose: str, what: str) -> str:
    return f"{name}_{whose}_{what}".replace(" ", "_").replace(".", "_")


def _windows(name: str, seconds: int, series: Series) -> Windows:
    """From the first full minute on; a window that nothing was told of has no request."""
    told = [{what: series.get(_id(name, whose, what), {}) for what in ("requests", "hits")} for whose in _ANYONE]
    known = next((each for each in told if each["requests"]), None)
    if not known:
        return Windows((), (), seconds)
    requests, hits = known["requests"], known["hits"]
    first, last = floor(min(requests) / MINUTE) * MINUTE, max(requests)
    times = [float(at) for at in range(first, int(last) + 1, seconds)]
    counts = [requests.get(at, 0.0) for at in times]
    return Windows(counts, [min(hits.get(at, 0.0), count) for at, count in zip(times, counts, strict=True)], seconds)


_ANYONE = ("own", "variant")
