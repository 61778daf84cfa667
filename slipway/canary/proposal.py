"""A plan that fits an endpoint's traffic: the shortest rollout in which good models can be proven no worse.

Where there is too little traffic for that within close margins, the candidate is a shadow first: it gets copies of all
requests, for up to most of a day, and the canary then has errors alone left to prove.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

from slipway.canary.config import AnalysedMetric, Tolerances, effective_decide_seconds
from slipway.canary.shadow_comparison import SAME_FOR_USERS, ShadowComparison
from slipway.canary.statistics.power import ExpectedBake, promoted_share

TARGET = 0.95
"""Of good models, by the estimate: bursts, and what varies from minute to minute, take some of it."""
_LEAST_TARGET, _DISPERSION_SECONDS = 0.9, 420
"""The same where the test finds the dispersion of errors larger than it is, as it does in a short bake: the excess is
this many seconds divided by the bakes' (`slipway simulate`: 0.2 in an hour, 0.5 in 15 minutes, 0.8 or more in 10)."""
LEAST_PROMOTED = 0.8
"""Below it a plan is refused."""
DECIDE_SECONDS = 120
_LONGEST_BAKE, LONGEST_UPDATE = 3600, 28_800
"""SageMaker's longest wait after a step, and its longest update."""
PROVISIONING_SECONDS = 2700
"""For the start and end of fleets, beside all waits."""
_LONGEST_FINAL_BAKE = 600
_BAKES = (600, 900, 1200, 1800, 2400, 3000, _LONGEST_BAKE)
_DEFAULT = ((0.005, 0.05),)
_CLOSE = ((0.0075, 0.05), (0.01, 0.05), (0.01, 0.075))
_WIDE = ((0.015, 0.075), (0.02, 0.1), (0.03, 0.12), (0.05, 0.15), (0.1, 0.18))
"""Margins of errors and scores."""
_ABOVE_NOISE = 1.4
_ALARM_PERIODS = (60, 120, 300)
_FEWEST_ALARM_REQUESTS = 5
_FEWEST_REQUESTS = 100
_LEAST_PERCENT, _MOST_PERCENT, _BURSTS = 5.0, 25.0, 40
"""The alarm on errors goes off above so many in a period, four bursts of ten: fewer come by chance in an hour."""


def most_waits(type_: str, step_percent: int) -> int:
    """Of an update in steps, or one; whether SageMaker waits after the last step too is not documented."""
    return ceil(100 / step_percent) if type_ in ("linear", "rolling") else 1


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

    def most_waits(self, instances: int) -> int:
        """Whole instances may take more steps than percent."""
        return max(len(self.shares(instances)), most_waits(self.type, self.percent))


_WITHIN_AN_HOUR = tuple(Route("canary", percent, bake) for percent in (25, 50) for bake in _BAKES)
_HOUR = (Route("canary", 50, _LONGEST_BAKE),)
_HOURS = (Route("linear", 25, 1800), Route("linear", 25, _LONGEST_BAKE))
_DAY = (Route("linear", 10, (LONGEST_UPDATE - PROVISIONING_SECONDS - _LONGEST_FINAL_BAKE) // 10 // 60 * 60),)
_ORDER = (
    (_DEFAULT, _WITHIN_AN_HOUR),
    (_CLOSE, _HOUR),
    ((*_DEFAULT, *_CLOSE), _HOURS),
    (_WIDE, _HOUR),
    (_WIDE, _HOURS),
    ((*_DEFAULT, *_CLOSE, *_WIDE), _DAY),
)
"""What is tried in turn: small margins before wide ones, and with each of them an hour before several."""
_Order = tuple[tuple[tuple[tuple[float, float], ...], tuple[Route, ...]], ...]
_WITHOUT_SHADOW = _ORDER[:3]
_SHADOW_HOURS = (1, 2, 4, 8, 16, 22)
"""With the longest the canary's hour still fits in the day."""
_SHADOW_TARGET = 0.99


@dataclass(frozen=True)
class ProposedRollout:
    """What `[rollout]` and `[rollout.canary_analysis]` are to say for so much traffic.

    Attributes:
        route: how traffic moves.
        instances: of the endpoint.
        tolerances: with the margins of errors and scores, and the fewest requests.
        alarm_period_seconds: in which the first step gets enough requests for the alarms.
        alarm_min_requests: of such a period.
        max_error_percent: above which the alarm on errors goes off, the analysis aside: bursts must not reach it.
        promoted: the expected share of good models that are, 0..1.
        least_promoted: the same with the dispersion that the test finds in so short a bake.
        shadow: how the candidate is compared as a shadow before; None where the canary needs none.
    """

    route: Route
    instances: int
    tolerances: Tolerances
    alarm_period_seconds: int
    alarm_min_requests: int
    max_error_percent: float
    promoted: float = 0.0
    least_promoted: float = 0.0
    shadow: ShadowComparison | None = None

    @property
    def promotes_enough(self) -> bool:
        return self.promoted >= TARGET and self.least_promoted >= _LEAST_TARGET

    @property
    def final_bake_seconds(self) -> int:
        return max(300, 2 * self.alarm_period_seconds)

    @property
    def seconds(self) -> int:
        """Of all waits of the update."""
        return len(self.route.shares(self.instances)) * self.route.bake_seconds + self.final_bake_seconds

    @property
    def timeout_seconds(self) -> int:
        """For the update, with as many waits as there may be."""
        waits = self.route.most_waits(self.instances) * self.route.bake_seconds + self.final_bake_seconds
        return waits + PROVISIONING_SECONDS

    @property
    def most_seconds(self) -> int:
        """The same with the longest time as a shadow."""
        return self.seconds + (self.shadow.most_seconds if self.shadow else 0)

    @property
    def error_tolerance(self) -> float:
        """The smallest margin of errors that a promotion needs."""
        return self.shadow.tolerances.error_tolerance if self.shadow else self.tolerances.error_tolerance

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
            "timeout_seconds": self.timeout_seconds,
            "alarm_period_seconds": self.alarm_period_seconds,
            "min_requests": self.alarm_min_requests,
            "max_error_percent": self.max_error_percent,
        }

    def analysis(self) -> dict[str, Any]:
        """The keys of `[rollout.canary_analysis]`."""
        margins = {name: getattr(self.tolerances, name) for name in ("min_requests", "error_tolerance", "score_limit")}
        return {"enabled": True, "decide_seconds": DECIDE_SECONDS, **margins}

    def shadow_keys(self) -> dict[str, Any]:
        """The keys of `[rollout.shadow]`; none where there is no shadow."""
        if self.shadow is None:
            return {}
        return {"enabled": True, "max_seconds": self.shadow.most_seconds, "error_tolerance": self.error_tolerance}


def propose(
    requests_per_second: float,
    *,
    instances: int,
    error_rate: float | None = None,
    tolerances: Tolerances | None = None,
    proven: Sequence[AnalysedMetric] = (),
    shadow: bool | None = None,
) -> ProposedRollout:
    """The first plan that is expected to promote enough good models; where none does, the one that promotes the most.

    Args:
        requests_per_second: to the whole endpoint, in its quiet hours.
        instances: of the endpoint; a canary is a whole number of them.
        error_rate: of the fleet in use.
        tolerances: all but what a plan chooses.
        proven: metrics that another comparison proves.
        shadow: whether the candidate is a shadow first; None: where the canary alone would need wide margins.

    Raises:
        ValueError: there is one instance, which has no part.
    """
    if instances < 2:
        raise ValueError(f"a plan needs 2 instances at least, one of them the canary, got {instances}")
    expected = _Expected(requests_per_second, instances, error_rate, tolerances or Tolerances(), tuple(proven))
    if shadow is None and (close := expected.first(_WITHOUT_SHADOW)):
        return close
    alone = expected.best()
    if shadow is False:
        return alone
    after = expected.best(expected.shadow())
    return after if shadow or after.promotes_enough or after.promoted > alone.promoted else alone


@dataclass(frozen=True)
class _Expected:
    """What plans there are for the traffic, and how many good models each promotes."""

    requests_per_second: float
    instances: int
    error_rate: float | None
    tolerances: Tolerances
    proven: tuple[AnalysedMetric, ...]

    def first(self, order: _Order, shadow: ShadowComparison | None = None) -> ProposedRollout | None:
        """The first that promotes enough."""
        return next((plan for plan in self._plans(order, shadow) if plan.promotes_enough), None)

    def best(self, shadow: ShadowComparison | None = None) -> ProposedRollout:
        """The first that promotes enough, or else the one that promotes the most."""
        return self.first(_ORDER, shadow) or max(self._plans(_ORDER, shadow), key=lambda plan: plan.promoted)

    def shadow(self) -> ShadowComparison:
        """With the smallest margin of errors that a shadow can prove within the day."""
        found = []
        for errors, scores in (*_DEFAULT, *_CLOSE):
            known = self._tolerances(errors, scores)
            for hours in _SHADOW_HOURS:
                found.append(ShadowComparison(known, 1.0, 3600 * hours))
                if self._proven_as_shadow(found[-1]) >= _SHADOW_TARGET:
                    return found[-1]
        return max(found, key=self._proven_as_shadow)

    def _plans(self, order: _Order, shadow: ShadowComparison | None) -> Iterator[ProposedRollout]:
        first = self._proven_as_shadow(shadow) if shadow else 1.0
        proven = (*self.proven, *(SAME_FOR_USERS if shadow else ()))
        for margins, routes in order:
            for errors, scores in margins:
                # The shadow proves the scores, within the margin that stands in the same settings.
                wanted = self._tolerances(errors, shadow.tolerances.score_limit if shadow else scores)
                for route in (route for route in routes if route.is_whole(self.instances)):
                    plan = replace(_plan(route, self.instances, wanted, self.requests_per_second), shadow=shadow)
                    if plan.timeout_seconds > LONGEST_UPDATE:
                        continue
                    bakes = plan.expected(self.requests_per_second)
                    excess = _DISPERSION_SECONDS / (len(bakes) * route.bake_seconds)
                    share, least = (
                        promoted_share(
                            plan.tolerances, bakes, error_rate=self.error_rate, proven=proven, dispersion=dispersion
                        )
                        for dispersion in (1.0, 1 + excess)
                    )
                    yield replace(plan, promoted=first * share, least_promoted=first * least)

    def _proven_as_shadow(self, shadow: ShadowComparison) -> float:
        return shadow.proven_share(self.requests_per_second, error_rate=self.error_rate)

    def _tolerances(self, errors: float, scores: float) -> Tolerances:
        return replace(self.tolerances, error_tolerance=errors, score_limit=_known(scores, self.tolerances))


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
        # Fewer, as in the first minute of a period, and two bursts are above the share.
        alarm_min_requests=min(ceil(100 * _BURSTS / percent), max(_FEWEST_ALARM_REQUESTS, int(first * period))),
    )
