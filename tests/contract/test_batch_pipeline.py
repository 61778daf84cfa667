"""The pipeline that scores files: its requests against SageMaker's API, its command lines against the steps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pipeline_steps import assemble, collect, publish
from pipeline_steps.batch import file_names
from pipeline_steps.batch.publishing import MANIFEST
from pipeline_steps.batch.requests import FEATURES
from rehearsal.jobs.interpreter import read_definition
from slipway.settings import Settings, load_settings, parse_settings
from slipway.settings.batch import _TRANSFORM_FAMILY, Batch
from slipway.settings.batch_query import BatchQuery
from slipway.training import batch_keys
from slipway.training.batch_pipeline import BatchRoles, batch_pipeline
from slipway.training.container_arguments import MAX_ARGUMENT_LENGTH
from tests.contract.test_definition_requests import filled

CONFIG = Path(__file__).parents[2] / "config" / "shoppers.toml"
ROLE = "arn:aws:iam::000000000000:role/r"
CALLS = {
    "Processing": ("CreateProcessingJob", "ProcessingJobName"),
    "Transform": ("CreateTransformJob", "TransformJobName"),
    "Model": ("CreateModel", "ModelName"),
}
VERBS = {"Collect": collect, "Assemble": assemble, "Publish": publish}


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(CONFIG, "dev")


@pytest.fixture(scope="module")
def definition(settings: Settings) -> dict[str, Any]:
    return batch_pipeline(
        settings,
        Batch(),
        bucket="shoppers-dev-storage-artifacts",
        data_bucket="shoppers-dev-storage-data",
        kms_key_arn="arn:aws:kms:us-east-1:000000000000:key/00000000-0000-0000-0000-000000000000",
        image_uri="i:1",
        use_case_uri="s3://b/use_case.json",
        roles=BatchRoles(collect=ROLE, model=ROLE, assemble=ROLE, publish=ROLE),
    )


def steps_of(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for step in definition["Steps"]:
        yield step
        yield from (*step["Arguments"].get("IfSteps", ()), *step["Arguments"].get("ElseSteps", ()))


def test_sagemaker_takes_every_request(definition: dict[str, Any]) -> None:
    api = botocore.session.get_session().get_service_model("sagemaker")
    for step in steps_of(definition):
        if step["Type"] in CALLS:
            operation, name = CALLS[step["Type"]]
            request = filled(step["Arguments"]) | {name: "n"}
            report = ParamValidator().validate(request, api.operation_model(operation).input_shape)
            assert not report.has_errors(), report.generate_report()


def test_the_laptop_runs_the_definition(definition: dict[str, Any]) -> None:
    assert list(read_definition(definition).steps) == [step["Name"] for step in steps_of(definition)]


def test_every_step_takes_its_arguments(definition: dict[str, Any]) -> None:
    def text(value: Any) -> str:
        if isinstance(value, str):
            return value
        return (
            value["Std:Join"]["On"].join(map(text, value["Std:Join"]["Values"])) if "Std:Join" in value else "x" * 120
        )

    for step in steps_of(definition):
        if step["Type"] == "Processing":
            arguments = list(map(text, step["Arguments"]["AppSpecification"]["ContainerArguments"]))
            VERBS[step["Name"]].parser().parse_args(arguments)
            assert max(map(len, arguments)) <= MAX_ARGUMENT_LENGTH


def test_what_one_step_writes_is_what_the_next_one_reads(definition: dict[str, Any]) -> None:
    steps = {step["Name"]: step for step in steps_of(definition)}
    assert steps["Score"]["Arguments"]["DataProcessing"]["InputFilter"] == f"$.{FEATURES}"
    files = {step["Name"]: [each["FilePath"] for each in step.get("PropertyFiles", ())] for step in steps.values()}
    assert (files["Collect"], files["Assemble"]) == ([file_names.PLAN], [file_names.REPORT])
    assert batch_keys.MANIFEST == MANIFEST


def test_the_instance_types_of_transform_jobs_are_sagemakers() -> None:
    api = botocore.session.get_session().get_service_model("sagemaker")
    takes = api.shape_for("TransformInstanceType").enum
    assert [each for each in takes if not _TRANSFORM_FAMILY.match(each)] == []
    others = {*api.shape_for("ProductionVariantInstanceType").enum, *api.shape_for("TrainingInstanceType").enum}
    families = {each.rpartition(".")[0] for each in takes}
    wrong = [each for each in others if _TRANSFORM_FAMILY.match(each) and each.rpartition(".")[0] not in families]
    assert wrong == []


@pytest.mark.parametrize(
    ("batch", "error"),
    [
        ({"input": "data/new/"}, "input must not lie below data/"),
        ({"input": "score"}, "batch.input: must be a prefix"),
        ({"max_payload_mb": 20, "max_concurrent_requests": 6}, "must be at most 100, got 120"),
        ({"instance_type": "ml.t2.medium"}, "one that transform jobs run on"),
        ({"schedule": "daily"}, "EventBridge expression"),
        ({"max_failed_percent": 101}, "max_failed_percent"),
    ],
)
def test_settings_that_would_fail_on_aws_are_refused(settings: Settings, batch: dict[str, Any], error: str) -> None:
    with pytest.raises(Exception, match=error):
        parse_settings(settings.model_dump() | {"batch": batch}, source="test")


QUERY = {
    "sql": "SELECT * FROM sessions;",
    "database": "shop",
    "tables": ["sessions"],
    "locations": ["s3://shop-lake/sessions/"],
}


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"sql": "DROP TABLE sessions"}, "sql must be a SELECT"),
        ({"sql": "SELECT sessions" + "é" * 130_000}, "at most 260,000 bytes, got 260,"),
        (
            {"sql": "SELECT * FROM sessions" + "\n" * 130_000 + "--"},
            "at most 260,000 bytes as JSON, where a line break",
        ),
        ({"sql": "SELECT '${Bucket}' FROM sessions"}, r"must not contain \$\{"),
        ({"sql": "SELECT * FROM sessions_of_others"}, "tables must have one that sql names, got sessions"),
        ({"tables": []}, "tables"),
        ({"tables": ["Sessions"]}, "in lower case"),
        ({"tables": ["*"]}, "a table of the Glue data catalog"),
        ({"locations": ["s3://shop-lake/sessions"]}, "ends with a slash"),
        ({"locations": [f"s3://shop-lake/{at:0200}/" for at in range(30)]}, "must take at most 5,500 characters of"),
        ({"locations": ["s3://shop-lake/*/"]}, "without wildcards"),
        ({"kms_keys": ["alias/lake"]}, "the ARN of a KMS key"),
        ({"workgroup": "of mine"}, "a workgroup of letters"),
    ],
)
def test_a_query_that_athena_or_its_role_could_not_run_is_refused(
    settings: Settings, changed: dict[str, Any], error: str
) -> None:
    with pytest.raises(Exception, match=error):
        parse_settings(settings.model_dump() | {"batch": {"query": QUERY | changed}}, source="test")


def test_a_query_takes_tables_of_other_databases() -> None:
    query = BatchQuery.model_validate(QUERY | {"tables": ["sessions", "crm.customers"]})
    assert (query.text, query.qualified_tables) == (
        "SELECT * FROM sessions",
        (("shop", "sessions"), ("crm", "customers")),
    )


def test_columns_that_differ_in_case_alone_are_refused_with_a_query(settings: Settings) -> None:
    document = settings.model_dump() | {"batch": {"query": QUERY}}
    document["data"]["columns"] = {**document["data"]["columns"], "MONTH": "number"}
    with pytest.raises(Exception, match=r"must differ in more than case with batch\.query, .* got M"):
        parse_settings(document, source="test")


def test_a_server_of_ones_own_scores_no_files(settings: Settings) -> None:
    document = settings.model_dump() | {"batch": {}}
    image = {"image": "000000000000.dkr.ecr.us-east-1.amazonaws.com/own:1", "output": {"column": 0}}
    document["endpoint"] |= image
    with pytest.raises(Exception, match=r"batch must be left out with endpoint\.image"):
        parse_settings(document, source="test")


@pytest.mark.parametrize("name", ["prediction", "Prediction_score"])
def test_a_column_that_the_results_add_is_none_of_the_model(settings: Settings, name: str) -> None:
    document = settings.model_dump() | {"batch": {}}
    document["data"]["columns"] = {**document["data"]["columns"], name: "number"}
    with pytest.raises(Exception, match=f"results add those, got {name}"):
        parse_settings(document, source="test")
