"""SG8xx: whether the analysis of a rollout can reach a decision, and whether anything follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from slipway.canary.config import PROCEED, ROLL_BACK, effective_decide_seconds
from slipway.canary.proposal import LEAST_PROMOTED
from slipway.canary.statistics.power import ExpectedBake
from slipway.errors import InputError
from slipway.guardrails.alarms import metrics_of
from slipway.guardrails.finding import Found, rule
from slipway.guardrails.planned import PlannedAnalysis, PlannedRollout
from slipway.guardrails.published_metrics import endpoint_metric
from slipway.guardrails.waits import waits
from slipway.metrics import DECISION_METRIC
from slipway.rollout.deployment_config import LONGEST_WAIT_SECONDS
from slipway.rollout.plan import plan_from_deployment_config

_MINUTE = 60


@dataclass(frozen=True)
class _Bakes:
    """The bakes in which both fleets serve.

    Attributes:
        shares: of the users, on the new fleet, a bake each.
        seconds: of one bake.
        due: seconds before the end of the last one, at which the decision is final.
    """

    shares: tuple[float, ...]
    seconds: int
    due: float

    @property
    def until_due(self) -> float:
        """Seconds of both fleets before the decision is due."""
        return len(self.shares) * self.seconds - self.due

    def expected(self, requests_per_second: float) -> list[ExpectedBake]:
        """The requests of each bake before the decision is due."""
        last, rate = len(self.shares) - 1, requests_per_second
        lengths = (self.seconds - (self.due if number == last else 0) for number in range(len(self.shares)))
        return [
            ExpectedBake(rate * share * seconds, rate * (1 - share) * seconds)
            for share, seconds in zip(self.shares, lengths, strict=True)
        ]


def _bakes(planned: PlannedRollout, analysis: PlannedAnalysis) -> _Bakes | None:
    if not planned.deployment or not planned.instances:
        return None
    try:
        plan = plan_from_deployment_config(planned.deployment, instances=planned.instances)
    except InputError:
        return None
    shares = tuple(step / plan.instances for step in plan.steps[:-1])
    due = effective_decide_seconds(analysis.decide_seconds, plan.wait_seconds)
    return _Bakes(shares, plan.wait_seconds, due) if shares and plan.wait_seconds else None


@rule("SG801", "error", because="canary analysis cannot roll back by itself, and SageMaker acts on alarms alone")
def unwatched_decision(planned: PlannedRollout) -> Iterator[Found]:
    """Canary analysis whose decision no rollback alarm watches."""
    metrics = [metric for alarm in planned.rollback_alarms for metric in metrics_of(alarm)]
    found = [endpoint_metric(str(m.get("Namespace", "")), str(m["MetricName"])) for m in metrics]
    if planned.analysis and not any(metric and metric.kind == "decision" for metric in found):
        fix = f"take {DECISION_METRIC} out of alarms_off (or name its alarm), or write canary_analysis.enabled = false"
        yield Found(f"no rollback alarm watches the metric {DECISION_METRIC}", fix)


@rule("SG802", "error", because="canary analysis compares two fleets that serve together, and here they never do")
def nothing_to_compare(planned: PlannedRollout) -> Iterator[Found]:
    """Canary analysis of a rollout that is all at once."""
    if planned.analysis and waits(planned).way == "ALL_AT_ONCE":
        does = "never compared" if planned.analysis.proceeds else "always rolled back"
        without_evidence = PROCEED if planned.analysis.proceeds else ROLL_BACK
        fix = "write canary, linear or rolling, or canary_analysis.enabled = false"
        yield Found(f"ALL_AT_ONCE with canary analysis and without_evidence = {without_evidence} is {does}", fix)


@rule("SG803", "error", because="a good model that cannot be proven safe in time is rolled back (without_evidence)")
def rolled_back_without_evidence(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic by which fewer than 80 % of good models are promoted, and the others rolled back."""
    if planned.analysis and not planned.analysis.proceeds:
        yield from _too_few(planned, planned.analysis)


@rule(
    "SG804",
    "warning",
    because="a model without enough evidence in time is promoted all the same (without_evidence)",
)
def promoted_without_evidence(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic by which fewer than 80 % of good models are proven safe, and the others promoted as well."""
    if planned.analysis and planned.analysis.proceeds:
        yield from _too_few(planned, planned.analysis)


def _too_few(planned: PlannedRollout, analysis: PlannedAnalysis) -> Iterator[Found]:
    bakes, rate = _bakes(planned, analysis), planned.requests_per_second
    if bakes is None or rate is None:
        return
    expected = bakes.expected(rate)
    requests = sum(bake.green_requests for bake in expected)
    share = analysis.promoted_share(expected, requests_per_second=rate)
    if share >= LEAST_PROMOTED:
        return
    what = f"{100 * share:.0f} % of good models can be proven safe by the {requests:,.0f} requests of the new fleet"
    if shadow := analysis.shadow:
        what += f" and {shadow.copied * rate * shadow.most_seconds:,.0f} copies to the shadow"
    if requests < (least := analysis.tolerances.min_requests):
        what += f", of {least:,.0f} that canary_analysis.min_requests asks for at least"
    longer = _long_enough(bakes, analysis, rate)
    way = f"bake {longer} s" if longer else "begin with a greater step"
    wider = "tolerate more (canary_analysis.error_tolerance, score_limit)"
    yield Found(what, f"{way}, {wider}, or take the plan of `slipway plan --requests-per-second {rate:g}`")


def _long_enough(bakes: _Bakes, analysis: PlannedAnalysis, rate: float) -> int | None:
    """Seconds of a bake, in whole minutes, that would promote enough good models; None where the longest would not."""
    for seconds in range(_MINUTE * (bakes.seconds // _MINUTE + 1), LONGEST_WAIT_SECONDS + 1, _MINUTE):
        longer = replace(bakes, seconds=seconds, due=effective_decide_seconds(analysis.decide_seconds, seconds))
        if analysis.promoted_share(longer.expected(rate), requests_per_second=rate) >= LEAST_PROMOTED:
            return seconds
    return None


@rule("SG805", "error", because="a value that cannot be compared stops no rollout: the rest decides without it")
def value_too_late(planned: PlannedRollout) -> Iterator[Found]:
    """Outcomes that count at an age which no request of the new fleet reaches before the decision is due."""
    analysis = planned.analysis
    bakes = _bakes(planned, analysis) if analysis and analysis.tolerances.watches_value else None
    if not analysis or not bakes or analysis.value_horizon_seconds < bakes.until_due:
        return
    horizon = analysis.value_horizon_seconds
    what = (
        f"outcomes count {horizon:g} s after the request, and the decision is due {bakes.until_due:g} s after the first"
    )
    shortest = ceil((horizon + analysis.decide_seconds) / len(bakes.shares))
    longer = (f"bake more than {shortest} s",) if shortest < LONGEST_WAIT_SECONDS else ()
    yield Found(
        what,
        ", ".join((*longer, "lower canary_analysis.value_horizon_seconds, or write canary_analysis.value = false")),
    )


RULES = (
    unwatched_decision,
    nothing_to_compare,
    rolled_back_without_evidence,
    promoted_without_evidence,
    value_too_late,
)
