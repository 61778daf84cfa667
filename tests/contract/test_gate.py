"""The gate's rule: the container decides and gives reasons, the pipeline's conditions register or refuse."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pipeline_steps.evaluation.quality_gate import GATE_METRICS, QualityGate

from rehearsal.jobs.condition_step import is_true
from slipway.settings import parse_settings
from slipway.training import training_pipeline

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
RULE = {"metric": "auc", "threshold": 0.5, "max_loss_to_champion": 0.02}


@pytest.fixture(scope="module")
def conditions():
    document = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del document["stages"]
    document["gate"] |= RULE | {"max_train_validation_gap": 0.1, "accuracy_target": 0.9}
    settings = parse_settings(document | {"stage": "dev"}, source="config.toml")
    roles = dict.fromkeys(("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "r")
    definition = training_pipeline(
        settings, bucket="b", kms_key_arn="k", image_uri="i", use_case_uri="s3://b/use_case.json", **roles
    )
    (gate,) = (step for step in definition["Steps"] if step["Name"] == "Gate")
    return gate["Arguments"]["Conditions"]


def resolved(value, evaluation):
    """A condition's side: a number, the one parameter, or a value of `evaluation.json`."""
    if not isinstance(value, dict):
        return value
    if "Get" in value:
        assert value["Get"] == "Parameters.GateThreshold"
        return RULE["threshold"]
    section, key = value["Std:JsonGet"]["Path"].split(".")
    return evaluation[section][key]


metric = st.floats(0.4, 0.6)


@given(metric, metric, st.none() | metric, st.floats(-0.2, 0.2))
def test_the_conditions_hold_where_the_container_passes_the_candidate(conditions, value, baseline, champion, gap):
    metrics = [None if each is None else dict.fromkeys(GATE_METRICS, each) for each in (value, baseline, champion)]
    decision = QualityGate(**RULE, min_gain_over_baseline=0.0, max_gap=0.1, accuracy_target=0.9).decide(
        candidate=metrics[0], baseline=metrics[1], champion=metrics[2], train_auc=0.6 + gap, validation_auc=0.6
    )
    evaluation = {"metrics": metrics[0], "gate": decision}
    assert len(conditions) == 4
    assert decision["passed"] == all(is_true(each, lambda side: resolved(side, evaluation)) for each in conditions)
