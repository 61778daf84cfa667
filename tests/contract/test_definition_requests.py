"""The definition's requests against the API model that botocore ships."""

import re
import tomllib
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from slipway.settings import Vpc, parse_settings
from slipway.training import to_json, training_pipeline

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
VPC = Vpc(vpc_id="vpc-00000001", subnets=("subnet-00000001",), security_groups=("sg-00000001",))
CALLS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Training": ("CreateTrainingJob", "TrainingJobName"),
    "Tuning": ("CreateHyperParameterTuningJob", "HyperParameterTuningJobName"),
    "RegisterModel": ("CreateModelPackage", None),
}
DESCRIBED = {
    "Processing": "DescribeProcessingJobResponse",
    "Training": "DescribeTrainingJobResponse",
    "Tuning": "DescribeHyperParameterTuningJobResponse",
}


@pytest.fixture(scope="module")
def api():
    return botocore.session.get_session().get_service_model("sagemaker")


START = {"parents": ["first"], "type": "IdenticalDataAndAlgorithm"}
CHANGES = {
    "on demand": {},
    "spot": {"training": {"spot": True}},
    "in a VPC": {"access": {"vpc": VPC.model_dump()}},
    "several algorithms": {"tuning": {"algorithms": ["xgboost", "linear", "random_forest"]}},
    "Hyperband": {"gate": {"metric": "log_loss"}, "tuning": {"strategy": "Hyperband"}},
    "warm start": {"gate": {"metric": "log_loss"}, "tuning": {"early_stopping": True, "warm_start": START}},
}


@pytest.fixture(scope="module", params=CHANGES)
def definition(request):
    document = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    del document["stages"]
    settings = parse_settings(document | {"stage": "dev"} | CHANGES[request.param], source="c")
    roles = dict.fromkeys(
        ("processing_role_arn", "training_role_arn", "evaluation_role_arn"), "arn:aws:iam::000000000000:role/r"
    )
    return training_pipeline(
        settings,
        bucket="b",
        kms_key_arn="arn:aws:kms:::key/k",
        image_uri="i:1",
        use_case_uri="s3://b/use_case.json",
        **roles,
    )


def every_step(steps):
    for step in steps:
        yield step
        yield from every_step(step["Arguments"].get("IfSteps", []))
        yield from every_step(step["Arguments"].get("ElseSteps", []))


def filled(node):
    """`node` as the API gets it: each reference stands for some text."""
    if isinstance(node, dict):
        if len(node) == 1 and next(iter(node)) in ("Get", "Std:Join", "Std:JsonGet"):
            return "filled at run time"
        return {key: filled(item) for key, item in node.items()}
    return [filled(item) for item in node] if isinstance(node, list) else node


def too_long(value, shape, path):
    """What exceeds the lengths in the API model, which botocore itself leaves to the service."""
    limit = shape.metadata.get("max")
    if shape.type_name in ("string", "list", "map") and limit and len(value) > limit:
        yield f"{path}: {len(value)} > {limit}"
    if shape.type_name == "structure":
        for name, item in value.items():
            yield from too_long(item, shape.members[name], f"{path}.{name}")
    if shape.type_name == "list":
        for item in value:
            yield from too_long(item, shape.member, path)
    if shape.type_name == "map":
        for key, item in value.items():
            yield from too_long(key, shape.key, path)
            yield from too_long(item, shape.value, f"{path}.{key}")


def paths(node):
    if isinstance(node, dict):
        if isinstance(node.get("Get"), str):
            yield node["Get"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from paths(item)


@pytest.mark.parametrize("name", ["Prepare", "Reference", "Tune", "Evaluate", "Register"])
def test_the_arguments_of_every_call_are_what_the_api_takes(api, definition, name):
    (step,) = [step for step in every_step(definition["Steps"]) if step["Name"] == name]
    operation, job_name = CALLS[step["Type"]]
    assert job_name not in step["Arguments"]
    request = filled(step["Arguments"]) | ({job_name: "given-by-sagemaker"} if job_name else {})
    shape = api.operation_model(operation).input_shape
    report = ParamValidator().validate(request, shape)
    assert report.generate_report() == ""
    assert list(too_long(request, shape, name)) == []


def test_every_value_taken_from_a_job_is_one_its_description_has(api, definition):
    types = {step["Name"]: step["Type"] for step in every_step(definition["Steps"])}
    taken = {path for path in paths(definition["Steps"]) if path.startswith("Steps.") and ".PropertyFiles." not in path}
    assert len(taken) == 9
    for path in taken:
        step, _, rest = path.removeprefix("Steps.").partition(".")
        shape = api.shape_for(DESCRIBED[types[step]])
        for field, index in re.findall(r"(\w+)(?:\['(\w+)'\])?", rest):
            shape = shape.members[field]
            shape = shape.member if index else shape
        assert shape.type_name == "string"


def test_every_list_entry_taken_by_name_is_there(definition):
    outputs = {
        output["OutputName"]
        for step in every_step(definition["Steps"])
        for output in step["Arguments"].get("ProcessingOutputConfig", {}).get("Outputs", [])
    }
    assert {name for path in paths(definition["Steps"]) for name in re.findall(r"\['(\w+)'\]", path)} <= outputs


def test_the_definition_fits_into_one_request(api, definition):
    limit = api.shape_for("PipelineDefinition").metadata["max"]
    assert len(to_json(definition)) < limit / 10
