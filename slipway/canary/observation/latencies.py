"""How long requests took, compared with the old fleet's latencies → counts of slow requests.

SageMaker reports latencies by the minute, the servers those of their own work every few seconds. The baseline is taken
from the old fleet alone, and from earlier requests: so it may be taken anew whenever the old fleet has become faster or
slower, and the e-values of the requests that follow stay valid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, sqrt
from typing import Any, Self

from slipway.canary.config import Tolerances
from slipway.canary.observation.counting import PERIOD_SECONDS, Fleets, Query, Results, checked, less, query, total
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.streams import LATENCY_SHARES, SERVED, TOLERANCE_SHARE
from slipway.metrics import ENDPOINT_NAMESPACE, SAGEMAKER_NAMESPACE

REFERENCE_SECONDS = 3600
MIN_REFERENCE_REQUESTS = 100
"""Of the old fleet, for its latency baseline."""
_MOVED_FACTOR = 2.0
_MOVED_ERRORS = 4.0
"""The old fleet has moved where its share above a limit is off by this factor, and by so many standard errors."""
LATENCY_METRICS = {"": (SAGEMAKER_NAMESPACE, "ModelLatency"), SERVED: (ENDPOINT_NAMESPACE, "Latency")}
_TOLERANCE = LATENCY_SHARES.index(TOLERANCE_SHARE)


def sources(tolerances: Tolerances) -> tuple[str, ...]:
    """Who reports latencies, by the prefix of the streams that count them."""
    return ("", SERVED) if tolerances.watches_servers else ("",)


@dataclass(frozen=True)
class LatencyBaseline:
    """What requests are compared with.

    Attributes:
        limits: the old fleet's latencies at each of LATENCY_SHARES, in microseconds; empty while unknown.
        since: epoch seconds from when on they are compared.
        before: what the datapoints from then on had counted already when the limits were taken, by stream.
    """

    limits: tuple[float, ...] = ()
    since: float = 0.0
    before: Mapping[str, Counts] = field(default_factory=dict)

    def new(self, found: Mapping[str, Counts]) -> dict[str, Counts]:
        """Of all that was counted, what came after the limits were taken."""
        return {name: less(counts, self.before[name]) if self.before else counts for name, counts in found.items()}

    def to_document(self) -> dict[str, Any]:
        before = {name: list(vars(counts).values()) for name, counts in self.before.items()}
        return {"limits": list(self.limits), "since": self.since, "before": before}

    @classmethod
    def from_document(cls, stored: Mapping[str, Any]) -> Self:
        before = {name: Counts(*counts) for name, counts in stored["before"].items()}
        return cls(tuple(stored["limits"]), stored["since"], before)


def reference_queries(fleets: Fleets, source: str, *, seconds: float = REFERENCE_SECONDS) -> list[Query]:
    """The old fleet's latency over a time: by its own config (or package), or by the variant where that has none."""
    namespace, metric = LATENCY_METRICS[source]
    own = fleets.of_package(fleets.previous_package) if source else fleets.of_config(fleets.previous_config)
    period = PERIOD_SECONDS * max(1, ceil(seconds / PERIOD_SECONDS))
    found = []
    for name, dimensions in {"own": own, **({} if source else {"variant": fleets.both})}.items():
        for statistic in ("SampleCount", *(f"p{100 * (1 - share):g}" for share in LATENCY_SHARES)):
            id_ = f"{name}_{statistic.lower().replace('.', '_')}"
            found.append(query(id_, namespace, metric, statistic, dimensions, period=period))
    return found


def reference_of(results: Results) -> tuple[float, ...]:
    """The latencies at each of LATENCY_SHARES, in microseconds; empty while too few requests are known."""
    for name in ("own", "variant"):
        counts = results.get(f"{name}_samplecount", ())
        best = max(range(len(counts)), key=counts.__getitem__, default=None)
        if best is not None and counts[best] >= MIN_REFERENCE_REQUESTS:
            return tuple(results[f"{name}_p{100 * (1 - share):g}".replace(".", "_")][best] for share in LATENCY_SHARES)
    return ()


def latency_queries(tolerances: Tolerances, fleets: Fleets, source: str, limits: Sequence[float]) -> list[Query]:
    """Requests above the limits, in microseconds: the new fleet's above those times what is allowed to it."""
    above = {f"above_{number}": limit for number, limit in enumerate(limits)}
    allowed = {f"noise_{number}": tolerances.latency_noise * limit for number, limit in enumerate(limits)}
    if source:
        green, other = fleets.green_servers, ("blue", fleets.of_package(fleets.previous_package))
    else:
        allowed |= {**above, "tolerance": tolerances.latency_tolerance * limits[_TOLERANCE]}
        green, other = fleets.green, ("both", fleets.both)
    namespace, metric = LATENCY_METRICS[source]
    found = []
    for name, dimensions, counted in (("green", green, allowed), (*other, above)):
        statistics = {"latency": "SampleCount", **{id_: f"TC({limit:.0f}:)" for id_, limit in counted.items()}}
        for id_, statistic in statistics.items():
            found.append(query(f"{name}_{id_}", namespace, metric, statistic, dimensions))
    return found


def latency_totals(source: str, fleets: Fleets, results: Results) -> dict[str, Counts]:
    """All that was counted against the limits, by stream."""

    def blue(id_: str) -> float:
        if source:
            return total(results, f"blue_{id_}")
        return fleets.of_old(total(results, f"green_{id_}"), total(results, f"both_{id_}"))

    def slower(green_id: str, number: int) -> Counts:
        green = total(results, "green_latency"), total(results, f"green_{green_id}")
        return checked(*green, blue("latency"), blue(f"above_{number}"))

    found = {f"{source}slow {share:g}": slower(f"noise_{n}", n) for n, share in enumerate(LATENCY_SHARES)}
    return found if source else {**found, "slow beyond tolerance": slower("tolerance", _TOLERANCE)}


def has_moved(source: str, found: Mapping[str, Counts]) -> bool:
    """Whether the old fleet's latencies are clearly no longer what they were when its limits were taken."""
    for share in LATENCY_SHARES:
        counts = found[f"{source}slow {share:g}"]
        requests, hits = float(counts.blue_requests), float(counts.blue_hits)
        off = abs(hits - share * requests)
        by_chance = _MOVED_ERRORS * sqrt(requests * share * (1 - share))
        by_factor = hits < share * requests / _MOVED_FACTOR or hits > min(_MOVED_FACTOR * share, 0.75) * requests
        if off > by_chance and by_factor:
            return True
    return False
