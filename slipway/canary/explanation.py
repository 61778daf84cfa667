"""A decision in one sentence, with the numbers it rests on."""

from math import exp, isnan

from slipway.canary.config import AnalysedMetric
from slipway.canary.statistics.evidence import Decision, Evidence
from slipway.canary.statistics.streams import SERVED

_LARGEST_LOG = 27.0


def explain(evidence: Evidence) -> str:
    """Why the decision on a single rollout is what it is."""
    decision = evidence.decision()
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
    scores = f", scores off by {100 * tolerances.score_limit:g} points" if tolerances.watches_scores else ""
    value = f"; {_compared(evidence, 'value')}" if tolerances.watches_value else ""
    return (
        f"promote: after {_requests(evidence):,} requests, {100 * tolerances.error_tolerance:g} points more errors"
        f"{scores} and {tolerances.latency_tolerance:g} times the latency are each ruled out with "
        f"{100 * (1 - tolerances.false_promotion_rate):g} % confidence: {_stream(evidence, 'errors')}; "
        f"{_stream(evidence, 'slow beyond tolerance')}{value}"
    )


def _extend(evidence: Evidence) -> str:
    return f"extend: {missing(evidence)}"


def missing(evidence: Evidence) -> str:
    """What has been seen, and what is needed before the new fleet may be promoted."""
    tolerances, reasons = evidence.tolerances, []
    if (seen := _requests(evidence)) < tolerances.min_requests:
        reasons.append(f"{seen:,} of at least {tolerances.min_requests:,} requests seen")
    weakest, logs = min(evidence.log_safety().items(), key=lambda item: float(item[1]))
    if float(logs) < tolerances.log_promotion:
        ratio, needed = exp(float(logs)), 1 / tolerances.false_promotion_rate
        reasons.append(f"{_stream(evidence, weakest)}, evidence of safety {ratio:.2g} of {needed:g}")
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
    if name == "slow beyond tolerance":
        return f"slower than the 90th percentile (new fleet: of {evidence.tolerances.latency_tolerance:g} times that)"
    if name.startswith("slow "):
        percentile = 100 * (1 - float(name.removeprefix("slow ")))
        noise = evidence.tolerances.latency_noise
        return f"slower than the {percentile:g}th percentile (new fleet: of {noise:g} times that)"
    return _SCORES.get(name, name)


_SCORES = {
    "upper half": "scores above the model's own median",
    "tails": "scores below the model's own 10th or above its 90th percentile",
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
