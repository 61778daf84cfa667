"""Pipelines, their executions and steps."""

import json
from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually

ROLE = "arn:aws:iam::000000000000:role/pipeline"
TOKEN = "t" * 32
DOCUMENT = {"Version": "2020-12-01", "Parameters": [{"Name": "Data", "DefaultValue": "s3://d/"}], "Steps": [{}]}


def create(bench: Bench, name: str = "Shoppers", document: Any = DOCUMENT) -> str:
    arn: str = bench(
        "CreatePipeline",
        PipelineName=name,
        PipelineDefinition=json.dumps(document),
        RoleArn=ROLE,
        ClientRequestToken=TOKEN,
    )["PipelineArn"]
    return arn


def start(bench: Bench, **more: Any) -> str:
    arn: str = bench("StartPipelineExecution", **{"PipelineName": "Shoppers", "ClientRequestToken": TOKEN, **more})[
        "PipelineExecutionArn"
    ]
    return arn


def ended(bench: Bench, arn: str) -> dict[str, Any]:
    return bench.ended("DescribePipelineExecution", "PipelineExecutionStatus", PipelineExecutionArn=arn)


def test_a_pipeline_is_what_was_given(bench: Bench) -> None:
    assert create(bench) == "arn:aws:sagemaker:us-east-1:000000000000:pipeline/shoppers"
    found = bench("DescribePipeline", PipelineName="Shoppers")
    assert (json.loads(found["PipelineDefinition"]), found["PipelineStatus"]) == (DOCUMENT, "Active")


def test_a_definition_may_lie_in_s3(bench: Bench) -> None:
    where = {"Bucket": "artifacts", "ObjectKey": "definition.json"}
    bench(
        "CreatePipeline", PipelineName="p", PipelineDefinitionS3Location=where, RoleArn=ROLE, ClientRequestToken=TOKEN
    )
    assert bench("DescribePipeline", PipelineName="p")["PipelineDefinition"] == '{"Steps": [1]}'
    with pytest.raises(ApiError, match="must be in S3, got s3://artifacts/none"):
        bench(
            "UpdatePipeline",
            PipelineName="p",
            PipelineDefinitionS3Location={"Bucket": "artifacts", "ObjectKey": "none"},
        )


@pytest.mark.parametrize(
    ("text", "said"),
    [("no json", "It must be JSON"), ("[]", "It must be an object"), ('{"Steps": []}', "Steps must not be empty")],
)
def test_a_definition_that_cannot_run_is_refused(bench: Bench, text: str, said: str) -> None:
    with pytest.raises(ApiError, match=said):
        bench("CreatePipeline", PipelineName="p", PipelineDefinition=text, RoleArn=ROLE, ClientRequestToken=TOKEN)


def test_a_name_is_given_once(bench: Bench) -> None:
    create(bench)
    with pytest.raises(ApiError) as caught:
        create(bench)
    assert caught.value.code == "ConflictException"


def test_an_execution_runs_the_definition_it_was_started_with(bench: Bench) -> None:
    create(bench)
    arn = start(bench, PipelineParameters=[{"Name": "Data", "Value": "s3://other/"}])
    bench("UpdatePipeline", PipelineName="Shoppers", PipelineDefinition='{"Steps": [2]}')
    bench.engine.release.set()
    assert ended(bench, arn)["PipelineExecutionStatus"] == "Succeeded"
    assert bench.engine.runs[0]["definition"] == DOCUMENT
    assert bench.engine.runs[0]["parameters"] == {"Data": "s3://other/"}
    assert bench.engine.runs[0]["pipeline_name"] == "Shoppers"
    shown = bench("DescribePipelineDefinitionForExecution", PipelineExecutionArn=arn)
    assert json.loads(shown["PipelineDefinition"]) == DOCUMENT


def test_steps_show_as_they_go(bench: Bench) -> None:
    create(bench)
    arn = start(bench)

    def steps() -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = bench("ListPipelineExecutionSteps", PipelineExecutionArn=arn)[
            "PipelineExecutionSteps"
        ]
        return rows

    eventually(steps)
    assert [(row["StepName"], row["StepStatus"]) for row in steps()] == [("Prepare", "Executing")]
    bench.engine.release.set()
    ended(bench, arn)
    assert steps()[0]["StepStatus"] == "Succeeded"
    assert "ProcessingJob" in steps()[0]["Metadata"]


def test_the_same_token_starts_one_execution(bench: Bench) -> None:
    create(bench)
    assert start(bench) == start(bench)
    other = start(bench, ClientRequestToken="u" * 32)
    found = bench("ListPipelineExecutions", PipelineName="Shoppers")["PipelineExecutionSummaries"]
    assert found[0]["PipelineExecutionArn"] == other
    assert len(found) == 2
    bench.engine.release.set()


def test_an_unknown_parameter_is_refused(bench: Bench) -> None:
    create(bench)
    with pytest.raises(ApiError, match="no parameter Colour"):
        start(bench, PipelineParameters=[{"Name": "Colour", "Value": "red"}])


def test_every_parameter_of_an_execution_is_listed(bench: Bench) -> None:
    create(bench)
    arn = start(bench)
    found = bench("ListPipelineParametersForExecution", PipelineExecutionArn=arn)
    assert found["PipelineParameters"] == [{"Name": "Data", "Value": "s3://d/"}]
    bench.engine.release.set()


def test_an_execution_can_be_stopped_once(bench: Bench) -> None:
    create(bench)
    arn = start(bench)
    bench("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=TOKEN)
    assert ended(bench, arn)["PipelineExecutionStatus"] == "Stopped"
    with pytest.raises(ApiError, match="has already ended"):
        bench("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=TOKEN)


def test_a_pipeline_that_runs_is_not_deleted(bench: Bench) -> None:
    create(bench)
    arn = start(bench)
    with pytest.raises(ApiError, match="still running"):
        bench("DeletePipeline", PipelineName="Shoppers", ClientRequestToken=TOKEN)
    bench.engine.release.set()
    ended(bench, arn)
    bench("DeletePipeline", PipelineName="Shoppers", ClientRequestToken=TOKEN)
    with pytest.raises(ApiError, match="does not exist"):
        bench("DescribePipeline", PipelineName="Shoppers")


def test_executions_and_steps_are_told_on_the_bus(bench: Bench) -> None:
    pipeline = create(bench)
    arn = start(bench)
    bench.engine.release.set()
    ended(bench, arn)
    execution, step = (
        "SageMaker Model Building Pipeline Execution Status Change",
        "SageMaker Model Building Pipeline Execution Step Status Change",
    )
    assert bench.kinds() == [execution, step, step, execution]
    assert {tuple(resources) for _, _, resources in bench.events} == {(pipeline, arn)}
    details = [detail for _, detail, _ in bench.events]
    assert [d.get("currentStepStatus") for d in details[1:3]] == ["Executing", "Succeeded"]
    assert details[2]["metadata"]["processingJob"]["arn"].endswith("processing-job/p")
    assert (details[3]["previousPipelineExecutionStatus"], details[3]["currentPipelineExecutionStatus"]) == (
        "Executing",
        "Succeeded",
    )
    assert details[3]["executionEndTime"].endswith("Z")
