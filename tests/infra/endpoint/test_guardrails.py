"""The rules over what the app is about to make."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from infra.rollout.canary_analysis import analysis_config
from infra.stages import UseCaseStacks
from slipway.errors import InputError
from slipway.guardrails import from_template, lint, planned_rollout
from slipway.settings import Settings

Synth = Callable[..., tuple[UseCaseStacks, Path]]


@pytest.mark.parametrize("type_", ["canary", "linear", "all_at_once", "rolling"])
def test_the_template_is_the_rollout_that_the_rules_check(synth: Synth, settings: Settings, type_: str) -> None:
    analysis = settings.rollout.canary_analysis.model_copy(update={"enabled": type_ != "all_at_once"})
    rollout = settings.rollout.model_copy(update={"type": type_, "canary_analysis": analysis})
    changed = settings.model_copy(update={"rollout": rollout})
    (made,) = from_template(Template.from_stack(synth(changed)[0].endpoint).to_json())
    assert lint(made) == ()
    untagged = tuple({key: value for key, value in alarm.items() if key != "Tags"} for alarm in made.alarms)
    # The template's model also names its update; it has no settings, no config in use and no canary analysis.
    (variant,) = made.variants
    served = replace(variant, environment=tuple(pair for pair in variant.environment if pair[0] != "SLIPWAY_UPDATE"))
    planned = replace(planned_rollout(changed), previous_variants=None, analysis=None, setting_periods=())
    assert asdict(replace(made, alarms=untagged, variants=(served,))) == asdict(planned)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"max_latency_ms": 0.5}, "SG504"),
        ({"bake_seconds": 30}, "SG601"),
    ],
)
def test_an_unsafe_rollout_is_not_synthesized(
    synth: Synth, settings: Settings, change: dict[str, Any], rule: str
) -> None:
    unsafe = settings.model_copy(update={"rollout": settings.rollout.model_copy(update=change)})
    with pytest.raises(InputError) as refused:
        synth(unsafe)
    assert f"error {rule} {settings.names.endpoint}/" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "rule"), [({"alarms_off": ("CanaryDecision",)}, "SG801"), ({"type": "all_at_once"}, "SG802")]
)
def test_a_canary_analysis_without_effect_is_not_synthesized(
    synth: Synth, settings: Settings, change: dict[str, Any], rule: str
) -> None:
    assert settings.rollout.canary_analysis.enabled
    idle = settings.model_copy(update={"rollout": settings.rollout.model_copy(update=change)})
    with pytest.raises(InputError) as refused:
        synth(idle)
    assert f"error {rule} {settings.names.endpoint}: " in str(refused.value)


@pytest.mark.parametrize("bake", [180, 300])
def test_the_canary_analysis_has_as_long_as_the_rules_assume(settings: Settings, bake: int) -> None:
    document = settings.model_dump()
    document["rollout"] |= {
        "bake_seconds": bake,
        "canary_analysis": {**document["rollout"]["canary_analysis"], "decide_seconds": 120},
    }
    changed = Settings.model_validate(document)
    due = analysis_config(changed).decide_seconds
    planned = planned_rollout(changed, requests_per_second=1)
    (found,) = (finding for finding in lint(planned) if finding.rule == "SG804")
    share = settings.rollout.canary_percent / 100
    assert found.what.startswith(f"0 % of good models can be proven safe by the {share * (bake - due):,.0f} requests ")
