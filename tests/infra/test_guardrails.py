"""The rules over what the app is about to make."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk.assertions import Template

from blueprint.errors import InputError
from blueprint.guardrails import from_template, lint, planned_rollout
from blueprint.settings import Settings
from infra.stacks.use_case import UseCaseStacks

Synth = Callable[..., tuple[UseCaseStacks, Path]]


@pytest.mark.parametrize("type_", ["canary", "linear", "all_at_once", "rolling"])
def test_the_template_is_what_the_settings_are_judged_by(synth: Synth, settings: Settings, type_: str) -> None:
    changed = settings.model_copy(update={"rollout": settings.rollout.model_copy(update={"type": type_})})
    (made,) = from_template(Template.from_stack(synth(changed)[0].endpoint).to_json())
    assert lint(made) == ()
    untagged = tuple({key: value for key, value in alarm.items() if key != "Tags"} for alarm in made.alarms)
    assert asdict(replace(made, alarms=untagged)) == asdict(replace(planned_rollout(changed), previous_variants=None))


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"max_latency_ms": 0.5}, "SG504"), ({"max_error_percent": 500.0}, "SG503"), ({"bake_seconds": 30}, "SG601")],
)
def test_an_unsafe_rollout_is_not_synthesized(
    synth: Synth, settings: Settings, change: dict[str, Any], rule: str
) -> None:
    unsafe = settings.model_copy(update={"rollout": settings.rollout.model_copy(update=change)})
    with pytest.raises(InputError) as refused:
        synth(unsafe)
    assert f"error {rule} {settings.names.endpoint}/" in str(refused.value)
