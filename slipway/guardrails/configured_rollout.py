"""The rollout that the settings of a use case would make."""

from typing import get_args

from slipway.canary.config import PROCEED
from slipway.guardrails.planned import (
    OPAQUE,
    PlannedAnalysis,
    PlannedExperiment,
    PlannedRollout,
    ScaledVariant,
    Variant,
)
from slipway.metrics import SHADOW_VARIANT
from slipway.rollout.new_fleet_alarms import new_fleet_alarms, server_environment
from slipway.rollout.plan import deployment_config
from slipway.settings import Settings
from slipway.settings.names import VARIANT
from slipway.settings.rollout import Rollout

CONFIG_NAME = "${EndpointConfig.EndpointConfigName}"
PACKAGE_ARN = f"{OPAQUE}ModelPackageArn}}"
CAPACITY = frozenset({"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"})
"""What RetainAllVariantProperties may keep. AWS does not say whether it keeps the last, which cannot be excluded."""


def planned_rollout(settings: Settings, *, requests_per_second: float | None = None) -> PlannedRollout:
    """The rollout of `settings`, as its endpoint stack has it; the traffic they record holds where none is given."""
    if requests_per_second is None:
        requests_per_second = settings.rollout.requests_per_second
    guarded = settings.endpoint.facts.is_guarded
    return (_guarded if guarded else _unguarded)(settings, requests_per_second)


def _unguarded(settings: Settings, requests_per_second: float | None) -> PlannedRollout:
    """The update is all at once, and nothing rolls it back but the rollout's smoke test."""
    return PlannedRollout(
        endpoint=settings.names.endpoint,
        config_name=CONFIG_NAME,
        variants=(Variant(VARIANT, package=PACKAGE_ARN),),
        kind=settings.endpoint.facts,
        requests_per_second=requests_per_second,
        previous_variants=(VARIANT,),
    )


def _guarded(settings: Settings, requests_per_second: float | None) -> PlannedRollout:
    endpoint, served = settings.names.endpoint, settings.endpoint
    made = new_fleet_alarms(
        settings.rollout,
        endpoint_name=endpoint,
        config_name=CONFIG_NAME,
        package_arn=PACKAGE_ARN,
        kind=served.facts,
    )
    alarms = tuple(made.values())
    scaling: tuple[ScaledVariant, ...] = ()
    if served.scaled_between:
        scaling = (ScaledVariant(VARIANT, *served.scaled_between),)
    variant = Variant(
        VARIANT,
        served.instance_count,
        served.instance_type,
        package=PACKAGE_ARN,
        environment=tuple(server_environment(endpoint, PACKAGE_ARN, excluded=settings.data.exclude_from_drift).items()),
    )
    return PlannedRollout(
        endpoint=endpoint,
        config_name=CONFIG_NAME,
        variants=(variant,),
        kind=served.facts,
        shadow_variants=_shadow(settings),
        deployment=deployment_config(settings.rollout, [alarm["AlarmName"] for alarm in alarms]),
        alarms=alarms,
        autoscaled=bool(scaling),
        scaling=scaling,
        retained=CAPACITY if scaling and not served.facts.waits else frozenset(),
        requests_per_second=requests_per_second,
        previous_variants=(VARIANT,),
        analysis=planned_analysis(settings.rollout),
        experiment=_experiment(settings),
        setting_periods=get_args(type(settings.rollout).model_fields["alarm_period_seconds"].annotation),
    )


def _shadow(settings: Settings) -> tuple[Variant, ...]:
    shadow, served = settings.rollout.shadow, settings.endpoint
    return (
        (Variant(SHADOW_VARIANT, shadow.instances(served.most_instances), served.instance_type),)
        if shadow.enabled
        else ()
    )


def _experiment(settings: Settings) -> PlannedExperiment | None:
    given = settings.experiment
    if given is None:
        return None
    return PlannedExperiment(
        planned_size=given.plan().planned_size,
        max_days=given.max_days,
        captured=settings.endpoint.capture_percent / 100,
        outcome_seconds=given.outcome_seconds,
        update_seconds=60 * given.update_minutes,
        floor=given.floor if given.mode == "thompson" else 0.0,
    )


def planned_analysis(rollout: Rollout) -> PlannedAnalysis | None:
    analysis = rollout.canary_analysis
    if not analysis.enabled:
        return None
    proceeds = analysis.without_evidence == PROCEED
    return PlannedAnalysis(
        rollout.tolerances(),
        analysis.decide_seconds,
        proceeds,
        analysis.value_horizon_seconds,
        shadow=rollout.shadow_comparison(),
    )
