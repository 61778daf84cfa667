"""A decision in one sentence, with the numbers it rests on."""

from math import exp, isnan

from slipway.canary.config import AnalysedMetric
from slipway.canary.margins import margins
from slipway.canary.statistics.evidence import Decision, Evidence
from slipway.canary.statistics.streams import BEYOND_TOLERANCE, SERVED

_LARGEST_LOG = 27.0


def explain(evidence: Evidence, decision: Decision) -> str:
    """Why this is the decision on a single rollout."""
    if decision is Decision.ROLL_BACK:
        return _roll_back(evidence)
    return _promote(evidence) if decision is Decision.PROMOTE else _extend(evidence)


def _roll_back(evidence: Evidence) -> str:
    metric = max(evidence.tolerances.metrics, key=lambda name: float(evidence.log_regression(name)))
    needed = len(evidence.tolerances.metrics) / evidence.tolerances.false_rollback_rate
    ratio = _likelihood_ratio(float(evidence.log_regression(metric)))
    return (
        f"roll back: {_compared(evidence, metric)}; a fleet that is no worse would show this {ratio} times less often; "
        f"{needed:,.0f} times suffice"
    )


def _promote(evidence: Evidence) -> str:
    tolerances = evidence.tolerances
    value = f"; {_compared(evidence, 'value')}" if tolerances.watches_value else ""
    proven = ", ".join(str(margin) for margin in margins(evidence))
    return (
        f"promote: after {_requests(evidence):,} requests, each with {100 * (1 - tolerances.false_promotion_rate):g} % "
        f"confidence: {proven}; {_stream(evidence, 'errors')}; {_stream(evidence, BEYOND_TOLERANCE)}{value}"
    )


def _extend(evidence: Evidence) -> str:
    """Before the test of a promotion, and never a reason for it."""
    return f"extend: {_requests(evidence):,} requests so far; {_stream(evidence, 'errors')}"


def missing(evidence: Evidence) -> str:
    """What has been seen, and what is needed before the new fleet may be promoted."""
    tolerances, reasons = evidence.tolerances, []
    if (seen := _requests(evidence)) < tolerances.min_requests:
        reasons.append(f"{seen:,} of at least {tolerances.min_requests:,} requests seen")
    reasons.extend(str(margin) for margin in margins(evidence) if not margin.is_proven)
    return "; ".join(reasons)


def _compared(evidence: Evidence, metric: AnalysedMetric) -> str:
    if metric == "value":
        if evidence.value is None or not evidence.value.green_count:
            return "value: not compared, for no outcome of the new fleet came in time"
        green, blue = evidence.value.means()
        return f"value: {_mean(green)} a request on the new fleet against {_mean(blue)} on the old one"
    return _stream(evidence, _strongest(evidence, metric))


def _stream(evidence: Evidence, name: str) -> str:
    seen = evidence.states[name].seen
    new = _share(float(seen.green_hits), float(seen.green_requests))
    old = _share(float(seen.blue_hits), float(seen.blue_requests))
    return f"{_label(evidence, name)}: {new} on the new fleet, {old} on the old one"


def _label(evidence: Evidence, name: str) -> str:
    if name.startswith(SERVED):
        return f"{_label(evidence, name.removeprefix(SERVED))}, as the servers report"
    if name == BEYOND_TOLERANCE:
        return f"slower than the 90th percentile (new fleet: of {evidence.tolerances.latency_tolerance:g} times that)"
    if name.startswith("slow "):
        percentile = 100 * (1 - float(name.removeprefix("slow ")))
        noise = evidence.tolerances.latency_noise
        return f"slower than the {percentile:g}th percentile (new fleet: of {noise:g} times that)"
    return _SCORES.get(name, name)


_SCORES = {
    "upper half": "scores above the median",
    "tails": "scores below the 10th or above the 90th percentile",
}


def _strongest(evidence: Evidence, metric: AnalysedMetric) -> str:
    names = evidence.names(metric)
    return max(names, key=lambda name: float(evidence.states[name].log_regression))


def _requests(evidence: Evidence) -> int:
    return int(evidence.green_requests)


def _likelihood_ratio(log_e: float) -> str:
    return f"{exp(log_e):,.0f}" if log_e < _LARGEST_LOG else f"more than {exp(_LARGEST_LOG):.0e}"


def _share(hits: float, requests: float) -> str:
    return f"{hits:,.0f} of {requests:,.0f} ({100 * hits / requests:.2f} %)" if requests else "none of 0"


def _mean(value: float) -> str:
    return "nothing" if isnan(value) else f"{value:.3f}"
