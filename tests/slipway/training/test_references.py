import pytest

from slipway.training.references import Get, Join, JsonGet, Parameter, as_text, encode


@pytest.mark.parametrize(
    ("reference", "expression"),
    [
        (Get("Execution.PipelineExecutionId"), {"Get": "Execution.PipelineExecutionId"}),
        (Parameter("InputDataUri", "s3://b/data/"), {"Get": "Parameters.InputDataUri"}),
        (
            Join(("s3://b", Get("Execution.PipelineExecutionId"), "train"), on="/"),
            {"Std:Join": {"On": "/", "Values": ["s3://b", {"Get": "Execution.PipelineExecutionId"}, "train"]}},
        ),
        (
            JsonGet("Evaluate", "Evaluation", "metrics.auc"),
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Evaluation"},
                    "Path": "metrics.auc",
                }
            },
        ),
        (as_text(Parameter("N", 1, "Integer")), {"Std:Join": {"On": "", "Values": [{"Get": "Parameters.N"}]}}),
    ],
)
def test_a_reference_is_written_as_the_sagemaker_sdk_writes_it(reference, expression):
    assert reference.expression() == expression


def test_references_are_found_however_deep_they_lie():
    given = {"a": ({"b": [Get("Steps.A.B"), 1]}, "c"), "d": None, "e": 0.5}
    assert encode(given) == {"a": [{"b": [{"Get": "Steps.A.B"}, 1]}, "c"], "d": None, "e": 0.5}


def test_a_parameter_is_declared_with_its_type_default_and_what_is_allowed():
    assert Parameter("Threshold", 0.88, type="Float").declaration() == {
        "Name": "Threshold",
        "Type": "Float",
        "DefaultValue": 0.88,
    }
    assert Parameter("Status", "a", allowed=("a", "b")).declaration()["EnumValues"] == ["a", "b"]
