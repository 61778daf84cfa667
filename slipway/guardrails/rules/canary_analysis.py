"""SG8xx: whether the judge of a rollout can reach a verdict, and whether anything follows from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from slipway.errors import InputError
from slipway.guardrails.alarms import metrics_of
from slipway.guardrails.evidence import needed_requests
from slipway.guardrails.metrics import endpoint_metric
from slipway.guardrails.planned import PlannedJudge, PlannedRollout
from slipway.guardrails.rule import Found, rule
from slipway.guardrails.waits import waits
from slipway.rollout.plan import plan_from_deployment_config

_LONGEST_BAKE_SECONDS = 3600


@dataclass(frozen=True)
class _Bakes:
    """The bakes in which both fleets serve.

    Attributes:
        shares: of the users, on the new fleet, a bake each.
        seconds: of one bake.
        due: seconds before the end of the last one, at which the verdict is final.
    """

    shares: tuple[float, ...]
    seconds: int
    due: float

    @property
    def until_due(self) -> float:
        """Seconds of both fleets before the verdict is due."""
        return len(self.shares) * self.seconds - self.due

    @property
    def new(self) -> float:
        """Requests of the new fleet before the verdict is due, for each request a second."""
        return sum(self.shares) * self.seconds - self.shares[-1] * self.due

    @property
    def old(self) -> float:
        return self.until_due - self.new

    def long_enough(self, new: float, due: float) -> int:
        """Seconds of a bake that would make `new` as large as is asked for."""
        return ceil((new + self.shares[-1] * due) / sum(self.shares))


def _bakes(planned: PlannedRollout, judge: PlannedJudge) -> _Bakes | None:
    if not planned.deployment or not planned.instances:
        return None
    try:
        plan = plan_from_deployment_config(planned.deployment, instances=planned.instances)
    except InputError:
        return None
    shares = tuple(step / plan.instances for step in plan.steps[:-1])
    due = min(judge.decide_seconds, plan.wait_seconds / 2)
    return _Bakes(shares, plan.wait_seconds, due) if shares and plan.wait_seconds else None


@rule("SG801", "error", because="the judge can turn nothing back itself, and SageMaker asks the alarms alone")
def unheard(planned: PlannedRollout) -> Iterator[Found]:
    """A judge whose verdict no rollback alarm watches."""
    metrics = [metric for alarm in planned.rollback_alarms for metric in metrics_of(alarm)]
    found = [endpoint_metric(str(m.get("Namespace", "")), str(m["MetricName"])) for m in metrics]
    if planned.judge and not any(metric and metric.kind == "verdict" for metric in found):
        fix = "take Verdict out of alarms_off (or name its alarm), or write canary_analysis.enabled = false"
        yield Found("no rollback alarm watches the judge's Verdict", fix)


@rule("SG802", "error", because="the judge compares two fleets that serve at the same time, and here they never do")
def nothing_to_compare(planned: PlannedRollout) -> Iterator[Found]:
    """A judge of a rollout that is all at once."""
    if planned.judge and waits(planned).way == "ALL_AT_ONCE":
        does = "never judged" if planned.judge.proceeds else "always sent back"
        fix = "write canary, linear or rolling, or canary_analysis.enabled = false"
        yield Found(f"ALL_AT_ONCE with a judge and without_evidence = {_told(planned.judge)} is {does}", fix)


@rule("SG803", "error", because="a good model that cannot be proven safe in time is sent back (without_evidence)")
def sent_back_unjudged(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic too small for a verdict, which sends the model back."""
    if planned.judge and not planned.judge.proceeds:
        yield from _too_few(planned, planned.judge)


@rule("SG804", "warning", because="a model that cannot be judged in time goes on unjudged (without_evidence)")
def promoted_unjudged(planned: PlannedRollout) -> Iterator[Found]:
    """Expected traffic too small for a verdict, without which the model goes on."""
    if planned.judge and planned.judge.proceeds:
        yield from _too_few(planned, planned.judge)


def _too_few(planned: PlannedRollout, judge: PlannedJudge) -> Iterator[Found]:
    bakes, rate = _bakes(planned, judge), planned.requests_per_second
    if bakes is None or rate is None:
        return
    needed, expected = needed_requests(judge.plan, round(bakes.old / bakes.new, 6)), rate * bakes.new
    if expected >= needed:
        return
    what = f"the new fleet answers {expected:,.0f} requests before the verdict is due"
    if expected < (least := judge.plan.min_requests):
        what += f", of {least:,.0f} that canary_analysis.min_requests asks for at least"
    what += f", and about {needed:,} would prove nine of ten good models safe"
    longer = bakes.long_enough(needed / rate, judge.decide_seconds)
    way = f"bake {longer} s" if longer <= _LONGEST_BAKE_SECONDS else "begin with a greater step"
    yield Found(what, f"{way}, expect {rate * needed / expected:.4g} requests a second, or tolerate more")


@rule("SG805", "error", because="a value that cannot be judged stops no rollout: the rest decides without it")
def value_too_late(planned: PlannedRollout) -> Iterator[Found]:
    """Outcomes that count at an age which no request of the new fleet reaches before the verdict is due."""
    judge = planned.judge
    bakes = _bakes(planned, judge) if judge and judge.plan.watches_value else None
    if not judge or not bakes or judge.value_horizon_seconds < bakes.until_due:
        return
    horizon = judge.value_horizon_seconds
    what = (
        f"outcomes count {horizon:g} s after the request, and the verdict is due {bakes.until_due:g} s after the first"
    )
    shortest = ceil((horizon + judge.decide_seconds) / len(bakes.shares))
    longer = (f"bake more than {shortest} s",) if shortest < _LONGEST_BAKE_SECONDS else ()
    yield Found(
        what,
        ", ".join((*longer, "lower canary_analysis.value_horizon_seconds, or write canary_analysis.value = false")),
    )


def _told(judge: PlannedJudge) -> str:
    return "proceed" if judge.proceeds else "roll_back"


RULES = (unheard, nothing_to_compare, sent_back_unjudged, promoted_unjudged, value_too_late)
