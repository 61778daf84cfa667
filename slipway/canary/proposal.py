"""A plan that fits an endpoint's traffic: the shortest rollout in which good models can be proven no worse."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

from slipway.canary.config import AnalysedMetric, Tolerances, effective_decide_seconds
from slipway.canary.statistics.power import ExpectedBake, promoted_share

TARGET = 0.95
"""Of good models, by the estimate: bursts, and what varies from minute to minute, take some of it."""
LEAST_PROMOTED = 0.8
"""Below it a plan is refused."""
DECIDE_SECONDS = 120
_LONGEST_BAKE, _LONGEST_WAITS = 3600, 26_000
"""SageMaker's longest wait, and what its longest update leaves for all waits beside the start and end of fleets."""
_PROVISIONING_SECONDS = 2700
_BAKES = (600, 900, 1200, 1800, 2400, 3000, _LONGEST_BAKE)
_DEFAULT = ((0.005, 0.05),)
_CLOSE = ((0.0075, 0.05), (0.01, 0.05), (0.01, 0.075))
_WIDE = ((0.015, 0.075), (0.02, 0.1), (0.03, 0.12), (0.05, 0.15), (0.1, 0.18))
"""Margins of errors and scores."""
_ABOVE_NOISE = 1.2
_ALARM_PERIODS = (60, 120, 300)
_ALARM_REQUESTS, _FEWEST_ALARM_REQUESTS = 20, 5
_FEWEST_REQUESTS = 100
_LEAST_PERCENT, _MOST_PERCENT, _BURSTS = 5.0, 25.0, 40
"""The alarm on errors goes off above so many in a period, four bursts of ten: fewer come by chance in an hour."""


@dataclass(frozen=True)
class Route:
    """How traffic moves: `percent` is the size of the canary, or of each step."""

    type: Literal["canary", "linear"]
    percent: int
    bake_seconds: int

    def is_whole(self, instances: int) -> bool:
        """Whether its percentage is an instance at least, and not all of them."""
        return 1 <= self.percent * instances // 100 < instances

    def shares(self, instances: int) -> tuple[float, ...]:
        """Of the new fleet in each bake in which both serve, in whole instances."""
        step = self.percent * instances // 100
        served = range(step, instances, step) if self.type == "linear" else (step,)
        return tuple(each / instances for each in served if each < instances)


_WITHIN_AN_HOUR = tuple(Route("canary", percent, bake) for percent in (25, 50) for bake in _BAKES)
_HOUR = (Route("canary", 50, _LONGEST_BAKE),)
_HOURS = (Route("linear", 25, 1800), Route("linear", 25, _LONGEST_BAKE))
_DAY = (Route("linear", 10, _LONGEST_WAITS // 9 // 60 * 60),)
_ORDER = (
    (_DEFAULT, _WITHIN_AN_HOUR),
    (_CLOSE, _HOUR),
    ((*_DEFAULT, *_CLOSE), _HOURS),
    (_WIDE, _HOUR),
    (_WIDE, _HOURS),
    ((*_DEFAULT, *_CLOSE, *_WIDE), _DAY),
)
"""What is tried in turn: small margins before wide ones, and with each of them an hour before several."""


@dataclass(frozen=True)
class ProposedRollout:
    """What `[rollout]` and `[rollout.canary_analysis]` are to say for so much traffic.

    Attributes:
        route: how traffic moves.
        instances: of the endpoint.
        tolerances: with the margins of errors and scores, and the fewest requests.
        alarm_period_seconds: in which the first step gets requests enough for the alarms.
        alarm_min_requests: of such a period.
        max_error_percent: above which the alarm on errors goes off, the analysis aside: bursts must not reach it.
        promoted: the expected share of good models that are, 0..1.
    """

    route: Route
    instances: int
    tolerances: Tolerances
    alarm_period_seconds: int
    alarm_min_requests: int
    max_error_percent: float
    promoted: float = 0.0

    @property
    def final_bake_seconds(self) -> int:
        return max(300, 2 * self.alarm_period_seconds)

    @property
    def seconds(self) -> int:
        """Of all waits."""
        return len(self.route.shares(self.instances)) * self.route.bake_seconds + self.final_bake_seconds

    def expected(self, requests_per_second: float) -> list[ExpectedBake]:
        """The requests of each bake, until the promotion's test is due."""
        shares, seconds = self.route.shares(self.instances), self.route.bake_seconds
        due = effective_decide_seconds(DECIDE_SECONDS, seconds)
        loads = [requests_per_second * (seconds - (due if n == len(shares) else 0)) for n in range(1, len(shares) + 1)]
        return [ExpectedBake(load * share, load * (1 - share)) for load, share in zip(loads, shares, strict=True)]

    def rollout(self) -> dict[str, Any]:
        """The keys of `[rollout]`."""
        return {
            "type": self.route.type,
            "canary_percent" if self.route.type == "canary" else "step_percent": self.route.percent,
            "bake_seconds": self.route.bake_seconds,
            "final_bake_seconds": self.final_bake_seconds,
            "timeout_seconds": self.seconds + _PROVISIONING_SECONDS,
            "alarm_period_seconds": self.alarm_period_seconds,
            "min_requests": self.alarm_min_requests,
            "max_error_percent": self.max_error_percent,
        }

    def analysis(self) -> dict[str, Any]:
        """The keys of `[rollout.canary_analysis]`."""
        margins = {name: getattr(self.tolerances, name) for name in ("min_requests", "error_tolerance", "score_limit")}
        return {"enabled": True, "decide_seconds": DECIDE_SECONDS, **margins}


def propose(
    requests_per_second: float,
    *,
    instances: int,
    error_rate: float | None = None,
    tolerances: Tolerances | None = None,
    proven: Sequence[AnalysedMetric] = (),
) -> ProposedRollout:
    """The first plan that is expected to promote enough good models; where none does, the one that promotes the most.

    Args:
        requests_per_second: to the whole endpoint, in its quiet hours.
        instances: of the endpoint; a canary is a whole number of them.
        error_rate: of the fleet in use.
        tolerances: all but what a plan chooses.
        proven: metrics that another comparison proves.

    Raises:
        ValueError: there is one instance, which has no part.
    """
    if instances < 2:
        raise ValueError(f"a plan needs 2 instances at least, one of them the canary, got {instances}")
    tried = []
    for plan in _plans(requests_per_second, instances, tolerances or Tolerances()):
        share = promoted_share(
            plan.tolerances, plan.expected(requests_per_second), error_rate=error_rate, proven=proven
        )
        tried.append(replace(plan, promoted=share))
        if share >= TARGET:
            return tried[-1]
    return max(tried, key=lambda plan: plan.promoted)


def _plans(requests_per_second: float, instances: int, tolerances: Tolerances) -> Iterator[ProposedRollout]:
    for margins, routes in _ORDER:
        for errors, scores in margins:
            wanted = replace(tolerances, error_tolerance=errors, score_limit=_known(scores, tolerances))
            for route in routes:
                if route.is_whole(instances):
                    yield _plan(route, instances, wanted, requests_per_second)


def _known(scores: float, tolerances: Tolerances) -> float:
    """The margin, or the next one that is well above what the ranks of so few rows are off by chance."""
    least = _ABOVE_NOISE * tolerances.rank_noise(0.5)
    return next((margin for _, margin in (*_DEFAULT, *_CLOSE, *_WIDE) if margin >= max(scores, least)), scores)


def _plan(route: Route, instances: int, tolerances: Tolerances, requests_per_second: float) -> ProposedRollout:
    """With alarms and the fewest requests that the first step reaches even where half of the traffic comes."""
    first = requests_per_second * route.shares(instances)[0] / 2
    longest, enough = _ALARM_PERIODS[-1], _BURSTS / (2 * first)
    period = next((each for each in _ALARM_PERIODS if each * _LEAST_PERCENT / 100 >= enough), longest)
    percent = min(_MOST_PERCENT, max(_LEAST_PERCENT, float(ceil(100 * enough / period))))
    in_all = int(first * route.bake_seconds)
    return ProposedRollout(
        route,
        instances,
        replace(tolerances, min_requests=min(tolerances.min_requests, max(_FEWEST_REQUESTS, in_all))),
        alarm_period_seconds=period,
        max_error_percent=percent,
        alarm_min_requests=min(_ALARM_REQUESTS, max(_FEWEST_ALARM_REQUESTS, int(first * period))),
    )
