"""A verdict in one sentence, with the numbers it rests on."""

from math import exp, isnan

from slipway.canary.statistics.decision import Evidence, Verdict
from slipway.canary.statistics.tolerances import SERVED, Metric

_LARGEST_LOG = 27.0


def explain(evidence: Evidence) -> str:
    """Why the verdict on a single rollout is what it is."""
    verdict = evidence.verdict()
    if verdict is Verdict.ROLL_BACK:
        return _roll_back(evidence)
    return _promote(evidence) if verdict is Verdict.PROMOTE else _extend(evidence)


def _roll_back(evidence: Evidence) -> str:
    metric = max(evidence.plan.metrics, key=lambda name: float(evidence.log_regression(name)))
    needed = len(evidence.plan.metrics) / evidence.plan.false_rollback_rate
    odds = _odds(float(evidence.log_regression(metric)))
    return (
        f"roll back: {_told(evidence, metric)}; that is {odds} times less likely of a fleet that is no worse "
        f"({needed:,.0f} times is enough)"
    )


def _promote(evidence: Evidence) -> str:
    plan = evidence.plan
    scores = f", scores off by {100 * plan.score_limit:g} points" if plan.watches_scores else ""
    value = f"; {_told(evidence, 'value')}" if plan.watches_value else ""
    return (
        f"promote: after {_requests(evidence):,} requests, {100 * plan.error_tolerance:g} points more errors{scores} "
        f"and {plan.latency_tolerance:g} times the latency are each ruled out with "
        f"{100 * (1 - plan.false_promotion_rate):g} % confidence: {_stream(evidence, 'errors')}; "
        f"{_stream(evidence, 'slow beyond tolerance')}{value}"
    )


def _extend(evidence: Evidence) -> str:
    return f"extend: {missing(evidence)}"


def missing(evidence: Evidence) -> str:
    """What has been seen, and what is needed before the new fleet may be promoted."""
    plan, reasons = evidence.plan, []
    if (seen := _requests(evidence)) < plan.min_requests:
        reasons.append(f"{seen:,} of at least {plan.min_requests:,} requests seen")
    weakest, logs = min(evidence.log_safety().items(), key=lambda item: float(item[1]))
    if float(logs) < plan.log_promotion:
        odds, needed = exp(float(logs)), 1 / plan.false_promotion_rate
        reasons.append(f"{_stream(evidence, weakest)}, evidence of safety {odds:.2g} of {needed:g}")
    return "; ".join(reasons)


def _told(evidence: Evidence, metric: Metric) -> str:
    if metric == "value":
        if evidence.value is None or not evidence.value.green_count:
            return "value: not judged, for no outcome of the new fleet came in time"
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
        return f"{_label(evidence, name.removeprefix(SERVED))}, as the servers tell"
    if name == "slow beyond tolerance":
        return f"slower than the 90th percentile (new fleet: of {evidence.plan.latency_tolerance:g} times that)"
    if name.startswith("slow "):
        percentile = 100 * (1 - float(name.removeprefix("slow ")))
        return f"slower than the {percentile:g}th percentile (new fleet: of {evidence.plan.latency_noise:g} times that)"
    return _SCORES.get(name, name)


_SCORES = {
    "upper half": "scores above the model's own median",
    "tails": "scores below the model's own 10th or above its 90th percentile",
}


def _strongest(evidence: Evidence, metric: Metric) -> str:
    names = evidence.names(metric)
    return max(names, key=lambda name: float(evidence.states[name].log_regression))


def _requests(evidence: Evidence) -> int:
    return int(evidence.green_requests)


def _odds(log_e: float) -> str:
    return f"{exp(log_e):,.0f}" if log_e < _LARGEST_LOG else f"more than {exp(_LARGEST_LOG):.0e}"


def _share(hits: float, requests: float) -> str:
    return f"{hits:,.0f} of {requests:,.0f} ({100 * hits / requests:.2f} %)" if requests else "none of 0"


def _mean(value: float) -> str:
    return "nothing" if isnan(value) else f"{value:.3f}"
