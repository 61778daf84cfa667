import json

import pytest

from slipway.training.condition_step import Condition, ConditionStep, FailStep
from slipway.training.document import pipeline_document, to_json
from slipway.training.references import Get, JsonGet, Parameter
from slipway.training.step import CacheConfig, RetryPolicy


def fail(name, message="no", **more):
    return FailStep(name=name, error_message=message, **more)


def branch(name, *, if_steps=(), else_steps=(), left=1):
    return ConditionStep(
        name=name, conditions=(Condition("Equals", left, 1),), if_steps=if_steps, else_steps=else_steps
    )


def test_a_step_is_written_with_what_it_has_and_nothing_else():
    assert fail("Stop").definition() == {"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": "no"}}


def test_order_retries_and_cache_are_written():
    policy = RetryPolicy(("Step.THROTTLING",), interval_seconds=5, max_attempts=3)
    written = fail("Stop", depends_on=("A", "B"), retries=(policy,), cache=CacheConfig("P30D")).definition()
    assert written["DependsOn"] == ["A", "B"]
    assert written["RetryPolicies"] == [
        {"BackoffRate": 2.0, "IntervalSeconds": 5, "MaxAttempts": 3, "ExceptionType": ["Step.THROTTLING"]}
    ]
    assert written["CacheConfig"] == {"Enabled": True, "ExpireAfter": "P30D"}


@pytest.mark.parametrize("attempts", [0, 21])
def test_a_retry_policy_tries_between_1_and_20_times(attempts):
    with pytest.raises(ValueError, match=rf"max_attempts must be in 1\.\.20, got {attempts}"):
        RetryPolicy(("Step.THROTTLING",), interval_seconds=1, max_attempts=attempts)


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([fail("A"), fail("A")], "step names must differ, got A twice"),
        ([fail("A b")], "step name must be 1..64 letters, digits, _ or -, got 'A b'"),
        ([fail("A", Get("Parameters.P"))], "step A must take a declared parameter, got P"),
        ([fail("A", Get("Steps.B.X")), fail("B")], "step A must take values from steps listed before it, got B"),
        ([fail("A", Get("Steps.A.X"))], "step A must take values from steps listed before it, got A"),
        ([fail("A", depends_on=("B",))], "step A must take values from steps listed before it, got B"),
        (
            [fail("A"), fail("B", JsonGet("A", "F", "x"))],
            "step B must take a declared property file, got Steps.A.PropertyFiles.F",
        ),
        ([branch("A", if_steps=(fail("A"),))], "step names must differ, got A twice"),
        ([branch("A", if_steps=(fail("B"),), else_steps=(fail("B"),))], "step names must differ, got B twice"),
        (
            [branch("A", if_steps=(fail("B"),), else_steps=(fail("C", Get("Steps.B.X")),))],
            "step C must take values from steps listed before it, got B",
        ),
        ([branch("A", left=Get("Steps.Z.X"))], "step A must take values from steps listed before it, got Z"),
    ],
)
def test_a_document_that_sagemaker_would_refuse_is_not_made(steps, error):
    with pytest.raises(ValueError, match=error.replace(".", r"\.")):
        pipeline_document([], steps)


def test_a_branch_may_use_what_came_before_the_condition():
    steps = [fail("A"), branch("B", if_steps=(fail("C", Get("Steps.A.X")), fail("D", Get("Steps.C.X"))))]
    document = pipeline_document([Parameter("P", "x")], steps)
    assert [step["Name"] for step in document["Steps"][1]["Arguments"]["IfSteps"]] == ["C", "D"]


def test_the_text_is_the_document():
    document = pipeline_document([Parameter("P", "x")], [fail("A", Get("Parameters.P"))])
    assert json.loads(to_json(document)) == document


def test_a_number_that_json_does_not_have_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json(pipeline_document([], [branch("A", left=float("nan"))]))
