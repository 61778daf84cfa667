"""Forecast a use case's rollout at a traffic rate: its cost, and how it ends for a good model and for a bad one."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from slipway.canary.statistics.evidence import Decision
from slipway.costs.cost_estimate import extra_instance_hours, rollout_plan, rollout_seconds
from slipway.endpoint_kinds import EndpointKind
from slipway.metrics import DECISION_METRIC
from slipway.settings import Settings
from slipway.simulation.configured_rollouts import ConfiguredRollout, Ending, Endings, roll_out
from slipway.simulation.forecast_summary import AlarmSummary, AnalysisSummary, Chances, Forecast, ShadowSummary
from slipway.simulation.reference import reference_dispersions
from slipway.simulation.service import Fault, Floats, Service
from slipway.simulation.shadowed_rollouts import roll_out_shadowed
from slipway.simulation.traffic import Traffic

MOST_ROLLOUTS, FEWEST_ROLLOUTS = 1000, 200
MOST_POLLS = 200_000
"""Of all simulated rollouts together, about ten seconds' work: of long plans fewer rollouts are drawn."""
_SEED = 0
FIRST_MODEL = "an endpoint's first model has no old fleet beside it: neither canary analysis nor an alarm rolls it back"
NO_OUTCOMES = "outcomes are not simulated: what responses were worth (canary_analysis.value) counts for no model"
OTHER_ALARMS = "alarms on latency and on drifted inputs and scores are not simulated; they can roll back more models"
UNWATCHED = "no alarm watches the canary analysis (alarms_off has CanaryDecision): synth refuses this plan"

Progress = Callable[[float], None]
"""Gets the part of a simulation that is done, 0..1: first of the good model's, then of the bad one's."""


def forecast(
    settings: Settings,
    *,
    requests_per_second: float,
    error_percent: float,
    regression_points: float,
    most_rollouts: int = MOST_ROLLOUTS,
    progress: Progress | None = None,
) -> Forecast:
    """What to expect of a rollout with these settings; the same arguments give the same forecast."""
    if not settings.endpoint.facts.is_guarded:
        return _unguarded(settings.endpoint.facts, error_percent, regression_points)
    plan = rollout_plan(settings)
    configured = ConfiguredRollout.of(settings.rollout, plan)
    rollouts = rollouts_within(configured, most_rollouts=most_rollouts)
    healthy = regressed = None
    if is_watched := not (configured.tolerances and DECISION_METRIC in settings.rollout.alarms_off):
        traffic = _traffic(configured, error_percent, requests_per_second=requests_per_second, rollouts=rollouts)
        # The hour before is the same for both models: neither was deployed.
        tolerances, worse = configured.tolerances, Fault("more errors", error_points=regression_points)
        dispersion = reference_dispersions(tolerances, traffic(Fault())) if tolerances else None
        healthy, regressed = (
            _ended(configured, traffic(fault), dispersion, progress=progress) for fault in (Fault(), worse)
        )
    return Forecast(
        type=plan.type,
        instances=plan.instances,
        duration_seconds=rollout_seconds(plan),
        comparable_seconds=configured.comparable_seconds,
        extra_instance_hours=extra_instance_hours(plan),
        canary_requests=configured.canary_seconds * requests_per_second,
        error_percent=error_percent,
        regression_points=regression_points,
        rollouts=rollouts if is_watched else 0,
        healthy=healthy,
        regressed=regressed,
        canary_analysis=_analysis(settings, configured),
        error_alarm=_alarm(settings),
        notes=tuple(_notes(settings, configured)),
        shadow=_shadow(configured),
    )


def _ended(
    configured: ConfiguredRollout,
    traffic: Traffic,
    dispersion: dict[str, Floats] | None,
    *,
    progress: Progress | None,
) -> Chances:
    if configured.shadow is None:
        return _chances(roll_out(configured, traffic, dispersion=dispersion, progress=progress))
    found = roll_out_shadowed(configured, configured.shadow, traffic, dispersion=dispersion, progress=progress)
    shadows = found.shadows
    decided = shadows.seconds[shadows.decisions != Decision.EXTEND]
    return replace(
        _chances(found.endings),
        rejected_as_shadow=shadows.share(Decision.ROLL_BACK),
        proven_as_shadow=shadows.share(Decision.PROMOTE),
        shadow_seconds=float(np.median(decided)) if decided.size else None,
    )


def _traffic(
    configured: ConfiguredRollout, error_percent: float, *, requests_per_second: float, rollouts: int
) -> Callable[[Fault], Traffic]:
    # Both fleets' ranks are estimates: the plan counts half of the rows, and here the new fleet's alone are off.
    rows = configured.tolerances.baseline_rows if configured.tolerances else Service.baseline_rows
    service = Service(error_rate=error_percent / 100, baseline_rows=rows)

    def traffic(fault: Fault) -> Traffic:
        rng = np.random.default_rng(_SEED)
        return Traffic(service, fault, requests_per_second=requests_per_second, rollouts=rollouts, rng=rng)

    return traffic


def _unguarded(kind: EndpointKind, error_percent: float, regression_points: float) -> Forecast:
    """Its update is all at once, and CloudFormation's."""
    return Forecast(
        type=kind.name,
        instances=0,
        duration_seconds=0,
        comparable_seconds=0,
        extra_instance_hours=0.0,
        canary_requests=0.0,
        error_percent=error_percent,
        regression_points=regression_points,
        rollouts=0,
        healthy=None,
        regressed=None,
        canary_analysis=None,
        error_alarm=None,
        notes=(kind.forecast,),
    )


def rollouts_within(
    configured: ConfiguredRollout,
    *,
    most_rollouts: int = MOST_ROLLOUTS,
    fewest_rollouts: int = FEWEST_ROLLOUTS,
    most_polls: int = MOST_POLLS,
) -> int:
    """How many rollouts are drawn: fewer if each has many polls."""
    polls = len([*configured.polls(), *(configured.shadow.waits() if configured.shadow else ())])
    return min(most_rollouts, max(fewest_rollouts, most_polls // polls))


def _chances(ended: Endings) -> Chances:
    on_evidence = np.isin(ended.how, (Ending.BY_ANALYSIS, Ending.BY_ALARM))
    rolled_back = ended.seconds[on_evidence]
    return Chances(
        rolled_back=float(on_evidence.mean()),
        proven_safe=ended.share(Ending.PROVEN),
        undecided=ended.share(Ending.UNPROVEN, Ending.WITHOUT_EVIDENCE),
        seconds_to_rollback=float(np.median(rolled_back)) if rolled_back.size else None,
        rolled_back_by_alarm=ended.share(Ending.BY_ALARM),
        rolled_back_without_evidence=ended.share(Ending.WITHOUT_EVIDENCE),
        goes_live=ended.share(Ending.PROVEN, Ending.UNPROVEN),
    )


def _analysis(settings: Settings, configured: ConfiguredRollout) -> AnalysisSummary | None:
    if configured.tolerances is None:
        return None
    return AnalysisSummary(
        decides_after_seconds=configured.due_seconds,
        of_seconds=configured.compared_seconds,
        without_evidence=settings.rollout.canary_analysis.without_evidence,
        min_requests=configured.tolerances.min_requests,
        error_tolerance_points=100 * configured.tolerances.error_tolerance,
    )


def _shadow(configured: ConfiguredRollout) -> ShadowSummary | None:
    shadow = configured.shadow
    if shadow is None:
        return None
    return ShadowSummary(shadow.most_seconds, shadow.copied, 100 * shadow.tolerances.error_tolerance)


def _alarm(settings: Settings) -> AlarmSummary:
    rollout = settings.rollout
    return AlarmSummary(
        max_error_percent=rollout.max_error_percent,
        min_requests=rollout.min_requests,
        period_seconds=rollout.alarm_period_seconds,
        periods=rollout.alarm_periods,
    )


def _notes(settings: Settings, configured: ConfiguredRollout) -> list[str]:
    """What the figures leave out, or why there are none."""
    notes = []
    if configured.tolerances and DECISION_METRIC in settings.rollout.alarms_off:
        notes.append(UNWATCHED)
    if not configured.comparable_seconds:
        notes.append(
            f"both fleets never serve together: there is nothing to compare; {_uncompared(settings, configured)}"
        )
    if configured.tolerances and configured.tolerances.watches_value:
        notes.append(NO_OUTCOMES)
    return [*notes, OTHER_ALARMS, FIRST_MODEL]


def _uncompared(settings: Settings, configured: ConfiguredRollout) -> str:
    if configured.tolerances is None:
        return "the alarms decide alone, while the new model serves all requests"
    does = "goes live unproven" if configured.proceeds else "is rolled back for lack of evidence"
    refused = " (synth refuses this plan)" if settings.rollout.type == "all_at_once" else ""
    return f"every model that no alarm stops {does}{refused}; use a canary of a part of the instances"
