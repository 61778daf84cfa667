"""The definition the stacks deploy is one the interpreter can run, and in the order that is meant."""

from pathlib import Path

import pytest

from rehearsal.jobs.definition import Definition
from rehearsal.jobs.interpreter import read_definition
from slipway.settings import load_settings
from slipway.training import to_json, training_pipeline

CONFIG = Path(__file__).parents[3] / "config/shoppers.toml"


@pytest.fixture(scope="module")
def definition() -> Definition:
    document = training_pipeline(
        load_settings(CONFIG, "dev"),
        bucket="artifacts",
        kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/1",
        image_uri="steps:1",
        use_case_uri="s3://b/use_case.json",
        processing_role_arn="arn:aws:iam::000000000000:role/processing",
        training_role_arn="arn:aws:iam::000000000000:role/training",
        evaluation_role_arn="arn:aws:iam::000000000000:role/evaluation",
    )
    return read_definition(to_json(document))


@pytest.mark.parametrize(
    ("step", "after"),
    [
        ("Prepare", set()),
        ("Reference", {"Prepare"}),
        ("Tune", {"Prepare"}),
        ("Evaluate", {"Prepare", "Reference", "Tune"}),
        ("Gate", {"Evaluate"}),
    ],
)
def test_each_step_waits_for_what_it_reads_and_for_nothing_else(
    definition: Definition, step: str, after: set[str]
) -> None:
    assert definition.steps[step].needs == after


@pytest.mark.parametrize(("step", "outcome"), [("Register", True), ("Refuse", False)])
def test_the_gate_decides_what_happens_to_the_candidate(definition: Definition, step: str, outcome: bool) -> None:
    branch = definition.steps[step].branch
    assert branch is not None
    assert (branch.condition, branch.outcome) == ("Gate", outcome)
