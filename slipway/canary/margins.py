"""How much worse than the old fleet the new one is at most: the smallest margin that each metric's test has proven."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slipway.canary.config import AnalysedMetric
from slipway.canary.statistics.e_values import Counts
from slipway.canary.statistics.evidence import Evidence
from slipway.canary.statistics.non_inferiority import NonInferiority, normal_quantile
from slipway.canary.statistics.proportions import ProportionState
from slipway.canary.statistics.streams import BEYOND_TOLERANCE, TOLERANCE_SHARE


@dataclass(frozen=True)
class Margin:
    """Of one metric: points of errors or of scores, or a factor of latency.

    Attributes:
        metric: which.
        least: the smallest that is proven; None where none is.
        tolerated: what a promotion must exclude.
        is_proven: whether it does.
        by: what else has proven it: another comparison than that of the fleets.
    """

    metric: AnalysedMetric
    least: float | None
    tolerated: float
    is_proven: bool
    by: str = ""

    def __str__(self) -> str:
        """What is proven, and what is tolerated."""
        if self.by:
            return f"{self.metric}: proven {self.by}"
        if self.least is None:
            return f"{_UNPROVEN[self.metric]} is not excluded"
        return f"{_PROVEN[self.metric](self.least)} ({self.tolerated:.3g} tolerated)"


def _in_points(least: float) -> str:
    text = f"{least:.2g}"
    return f"{text} point" if text == "1" else f"{text} points"


_PROVEN: Mapping[AnalysedMetric, Callable[[float], str]] = {
    "errors": lambda least: f"no worse than +{_in_points(least)} of errors",
    "latency": lambda least: f"less than {least:.3g} times the latency",
    "scores": lambda least: f"shares of scores off by less than {_in_points(least)}",
}
_UNPROVEN = {"errors": "any rise of errors", "latency": "a slowdown beyond the tolerance", "scores": "any other scores"}


def margins(evidence: Evidence) -> tuple[Margin, ...]:
    """One a metric that a promotion needs, at the level of the test; for a single rollout."""
    tolerances = evidence.tolerances
    found = [_points(evidence, "errors", tolerances.error_tolerance), _latency(evidence)]
    if tolerances.watches_scores:
        found.append(_points(evidence, "scores", tolerances.score_limit))
    return tuple(found)


def _points(evidence: Evidence, metric: AnalysedMetric, tolerated: float) -> Margin:
    """Of the stream of the metric that is furthest off."""
    if by := evidence.proven.get(metric):
        return Margin(metric, None, 100 * tolerated, is_proven=True, by=by)
    least, is_proven, error = 0.0, True, evidence.tolerances.false_promotion_rate
    for stream in evidence.needed:
        if stream.metric == metric and stream.test.non_inferiority:
            state = evidence.states[stream.name]
            dispersion = float(stream.test.promotion_dispersion(state, error))
            margin = stream.test.non_inferiority.least_margin(state.strata, dispersion, error=error)
            least = max(least, margin)
            is_proven &= bool(stream.test.standard_errors(state, error=error) >= normal_quantile(error))
    return Margin(metric, 100 * least if least < 1 else None, 100 * tolerated, is_proven)


def _latency(evidence: Evidence) -> Margin:
    """The counts allow two factors: what counts as noise, and what is tolerated."""
    tolerances = evidence.tolerances
    if by := evidence.proven.get("latency"):
        return Margin("latency", None, tolerances.latency_tolerance, is_proven=True, by=by)
    beyond, within = (evidence.states[name] for name in (BEYOND_TOLERANCE, f"slow {TOLERANCE_SHARE:g}"))
    is_proven = _is_not_slower(beyond, beyond.strata, tolerances.false_promotion_rate)
    # Without strata the counts of several bakes would be mixed.
    is_close = len(beyond.strata) == 1 and _is_not_slower(within, (within.seen,), tolerances.false_promotion_rate)
    factors = ((is_close, tolerances.latency_noise), (is_proven, tolerances.latency_tolerance))
    least = next((factor for found, factor in factors if found), None)
    return Margin("latency", least, tolerances.latency_tolerance, is_proven)


def _is_not_slower(state: ProportionState, strata: tuple[Counts, ...], error: float) -> bool:
    return bool(NonInferiority().proves(strata, state.dispersion, error=error))
