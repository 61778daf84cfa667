"""The gate's rule: the container decides and gives reasons, the pipeline's conditions register or refuse."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.evaluation.estimate import Estimate
from pipeline_steps.evaluation.gate import Gate, Measured
from rehearsal.jobs.condition_step import is_true
from slipway.settings import parse_settings
from slipway.training import training_pipeline

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
LIMITS = {
    "metric": "auc",
    "confidence": 0.9,
    "threshold": 0.5,
    "min_gain_over_naive": 0.01,
    "max_loss_to_reference": 0.015,
    "max_loss_to_champion": 0.02,
    "accuracy_target": 0.9,
}


def conditions(metric):
    document = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del document["stages"], document["decision"]  # so that the decision is by value
    document["gate"] = LIMITS | {"metric": metric, "max_train_validation_gap": 0.1}
    settings = parse_settings(document | {"stage": "dev"}, source="config.toml")
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "r")
    definition = training_pipeline(
        settings, bucket="b", kms_key_arn="k", image_uri="i", use_case_uri="s3://b/use_case.json", **roles
    )
    (gate,) = (step for step in definition["Steps"] if step["Name"] == "Gate")
    return gate["Arguments"]["Conditions"]


@pytest.fixture(scope="module", params=[("auc", "maximize"), ("log_loss", "minimize")])
def gate(request):
    metric, direction = request.param
    return Gate(**LIMITS | {"metric": metric}, direction=direction, max_gap=0.1), conditions(metric)


def resolved(value, evaluation):
    """A condition's side: a number, the one parameter, or a value of `evaluation.json`."""
    if not isinstance(value, dict):
        return value
    if "Get" in value:
        assert value["Get"] == "Parameters.GateThreshold"
        return LIMITS["threshold"]
    section, key = value["Std:JsonGet"]["Path"].split(".")
    return evaluation[section][key]


def estimates(low, high):
    """Numbers in low..high, with bounds around them."""
    widths = st.floats(0, 0.05)
    return st.builds(
        lambda value, width: Estimate(value, value - width, value + width, value - width / 2, value + width / 2, width),
        st.floats(low, high),
        widths,
    )


LOSSES = estimates(-0.02, 0.08)


@given(
    measured=st.builds(
        Measured,
        metric=estimates(0.4, 0.6),
        naive=st.just(0.5),
        reference=st.just(0.5),
        gain_over_naive=LOSSES,
        loss_to_reference=LOSSES,
        gap=st.floats(-0.2, 0.2),
    ),
    champion=st.none() | st.tuples(LOSSES, st.none() | estimates(-1, 0.1)),
)
def test_the_conditions_hold_where_the_container_passes_the_candidate(gate, measured, champion):
    rule, conditions = gate
    if champion:
        loss, value = champion
        measured = replace(measured, champion=0.5, loss_to_champion=loss, value_loss_to_champion=value)
    decision = rule.decide(measured)
    assert len(conditions) == 6
    held = all(is_true(each, lambda side: resolved(side, {"gate": decision})) for each in conditions)
    assert decision["passed"] == held
