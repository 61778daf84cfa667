"""The resource types' handlers, on a control plane with fakes."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.cloud.ministack.cloudformation import ResourceType
from rehearsal.cloud.resources import resource_types
from rehearsal.cloud.resources.handler import ProvisioningError, generated_name
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually

STACK = "shoppers-dev-endpoint"
VARIANT = {"VariantName": "primary", "InitialInstanceCount": "2", "InstanceType": "ml.m5.large"}


@pytest.fixture(params=["silent"])
def types(bench: Bench, request: pytest.FixtureRequest) -> dict[str, ResourceType]:
    made = resource_types(bench.plane.api.call_with_template_values, after_rollback=request.param)
    return {kind.name.rpartition("::")[2]: kind for kind in made}


def model(types: dict[str, ResourceType], number: int = 1) -> str:
    container = {"Image": "steps:1", "ModelDataUrl": f"s3://m/{number}"}
    name: str = types["Model"].create("Model", {"PrimaryContainer": container}, STACK)[1]["ModelName"]
    return name


def config(types: dict[str, ResourceType], number: int = 1) -> str:
    properties = {"ProductionVariants": [{**VARIANT, "ModelName": model(types, number)}]}
    name: str = types["EndpointConfig"].create("Config", properties, STACK)[1]["EndpointConfigName"]
    return name


def endpoint(types: dict[str, ResourceType], config_name: str, **more: Any) -> tuple[str, dict[str, Any]]:
    properties = {"EndpointName": "Shop", "EndpointConfigName": config_name, **more}
    return types["Endpoint"].create("Endpoint", properties, STACK)[0], properties


def test_ref_is_the_arn_and_getatt_the_name(types: dict[str, ResourceType]) -> None:
    physical_id, attributes = types["Model"].create("Model", {"PrimaryContainer": {"Image": "steps:1"}}, STACK)
    assert physical_id == f"arn:aws:sagemaker:us-east-1:000000000000:model/{attributes['ModelName'].lower()}"


def test_a_tag_change_keeps_the_name_in_its_case(types: dict[str, ResourceType]) -> None:
    properties = {"ModelName": "Model-1", "PrimaryContainer": {"Image": "steps:1"}}
    physical_id, _ = types["Model"].create("Model", properties, STACK)
    tagged = {**properties, "Tags": [{"Key": "a", "Value": "1"}]}
    assert types["Model"].update(physical_id, properties, tagged, STACK)[1]["ModelName"] == "Model-1"


@pytest.mark.parametrize("logical_id", ["Model", "GuardedEndpointConfigC2B22661"])
def test_generated_names_are_unique_short_and_traceable(logical_id: str) -> None:
    names = {generated_name(STACK * 2, logical_id) for _ in range(20)}
    assert len(names) == 20
    assert max(map(len, names)) <= 63
    assert all(name.startswith(STACK) for name in names)


def test_strings_of_a_template_become_numbers(bench: Bench, types: dict[str, ResourceType]) -> None:
    found = bench("DescribeEndpointConfig", EndpointConfigName=config(types))
    assert found["ProductionVariants"][0]["InitialInstanceCount"] == 2


def test_a_refusal_is_told_as_cloudformation_tells_it(types: dict[str, ResourceType]) -> None:
    with pytest.raises(ProvisioningError) as caught:
        endpoint(types, "none")
    assert str(caught.value).startswith('Resource handler returned message: "Could not find endpoint configuration')
    assert str(caught.value).endswith('(Service: SageMaker, Status Code: 400)" (HandlerErrorCode: NotFound)')


def test_an_endpoint_that_fails_is_cleaned_up_and_tells_why(
    bench: Bench, types: dict[str, ResourceType], monkeypatch: pytest.MonkeyPatch
) -> None:
    known = bench.fleets.create

    def failing(endpoint_name: str, config: Any, models: Any) -> None:
        known(endpoint_name, config, models)
        bench.fleets.found[endpoint_name] |= {"EndpointStatus": "Failed", "FailureReason": "no ping"}

    monkeypatch.setattr(bench.fleets, "create", failing)
    with pytest.raises(ProvisioningError, match="did not become InService: no ping"):
        endpoint(types, config(types))
    assert bench("ListEndpoints")["Endpoints"] == []


@pytest.fixture
def updating(bench: Bench, types: dict[str, ResourceType]) -> Iterator[tuple[Any, str, str]]:
    """An update on a thread of its own; the outcome, and the configs before and after."""
    before, after = config(types, 1), config(types, 2)
    policy = {"TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE"}}
    physical_id, old = endpoint(types, before, DeploymentConfig={"BlueGreenUpdatePolicy": policy})
    new = {**old, "EndpointConfigName": after, "RetainAllVariantProperties": "true"}
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["made"] = types["Endpoint"].update(physical_id, old, new, STACK)
        except ProvisioningError as exc:
            outcome["error"] = str(exc)

    thread = threading.Thread(target=work)
    thread.start()
    eventually(lambda: bench.fleets.updates)
    time.sleep(0.1)
    assert not outcome  # it waits for the rollout
    yield outcome, before, after
    thread.join()


def test_an_update_fills_in_what_a_template_may_leave_out(bench: Bench, updating: tuple[Any, str, str]) -> None:
    outcome, _, after = updating
    routing = bench.fleets.updates[0]["deployment"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing == {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    assert bench.fleets.updates[0]["retain_all_variant_properties"] is True
    bench.fleets.finish("Shop", after)
    assert eventually(lambda: outcome)["made"][1]["EndpointName"] == "Shop"


def test_a_rollback_passes_for_success(bench: Bench, updating: tuple[Any, str, str]) -> None:
    outcome, before, _ = updating
    bench.fleets.finish("Shop", before, "alarm errors")
    assert "made" in eventually(lambda: outcome)


@pytest.mark.parametrize("types", ["failed"], indirect=True)
def test_a_rollback_fails_the_update_where_that_is_asked_for(bench: Bench, updating: tuple[Any, str, str]) -> None:
    outcome, before, _ = updating
    bench.fleets.finish("Shop", before, "alarm errors")
    assert "was rolled back: alarm errors" in eventually(lambda: outcome)["error"]


def test_a_pipeline_may_come_from_s3_and_its_ref_is_its_name(bench: Bench, types: dict[str, ResourceType]) -> None:
    where = {"PipelineDefinitionS3Location": {"Bucket": "artifacts", "Key": "definition.json"}}
    properties = {"PipelineName": "P", "PipelineDefinition": where, "RoleArn": "arn:aws:iam::000000000000:role/pipe"}
    assert types["Pipeline"].create("Pipeline", properties, STACK) == ("P", {})
    new = {**properties, "PipelineDefinition": {"PipelineDefinitionBody": '{"Steps": [2]}'}}
    types["Pipeline"].update("P", properties, new, STACK)
    assert bench("DescribePipeline", PipelineName="P")["PipelineDefinition"] == '{"Steps": [2]}'
    types["Pipeline"].delete("P", new)
    types["Pipeline"].delete("P", new)  # what is gone already is no error


def test_a_group_gives_its_arn(types: dict[str, ResourceType]) -> None:
    properties = {"ModelPackageGroupName": "G", "ModelPackageGroupDescription": "d"}
    physical_id, attributes = types["ModelPackageGroup"].create("Group", properties, STACK)
    assert physical_id == attributes["ModelPackageGroupArn"]
    assert attributes["ModelPackageGroupStatus"] == "Completed"


def test_what_a_deleted_stack_had_is_gone(bench: Bench, types: dict[str, ResourceType]) -> None:
    name = config(types)
    physical_id, properties = endpoint(types, name)
    types["Endpoint"].delete(physical_id, properties)
    types["EndpointConfig"].delete(f"arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/{name.lower()}", {})
    assert bench("ListEndpoints")["Endpoints"] == []
    assert bench("ListEndpointConfigs")["EndpointConfigs"] == []
