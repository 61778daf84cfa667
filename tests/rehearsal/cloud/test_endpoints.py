"""Endpoints: what is accepted, what is shown, what is reported."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually


def config(bench: Bench, name: str, *, variant: str = "primary", instance_type: str = "ml.m5.large") -> str:
    bench("CreateModel", ModelName=f"model-{name}", PrimaryContainer={"Image": "steps:1", "ModelDataUrl": "s3://m/1"})
    row = {
        "VariantName": variant,
        "ModelName": f"model-{name}",
        "InstanceType": instance_type,
        "InitialInstanceCount": 4,
    }
    bench("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[row])
    return name


@pytest.fixture
def api(bench: Bench) -> Bench:
    bench("CreateEndpoint", EndpointName="Shop", EndpointConfigName=config(bench, "Blue"))
    return bench


def deployment(**routing: Any) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": 25}
    traffic = {"Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": size, **routing}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": traffic}}


def test_an_endpoint_shows_its_fleet_and_its_own_fields(api: Bench) -> None:
    found = api("DescribeEndpoint", EndpointName="Shop")
    assert found["EndpointArn"] == "arn:aws:sagemaker:us-east-1:000000000000:endpoint/shop"
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", "Blue")
    assert found["CreationTime"] <= found["LastModifiedTime"]


def test_names_are_found_without_regard_to_case(api: Bench) -> None:
    assert api("DescribeEndpoint", EndpointName="shop")["EndpointName"] == "Shop"
    assert api("DescribeEndpointConfig", EndpointConfigName="blue")["EndpointConfigName"] == "Blue"
    assert api("DescribeModel", ModelName="MODEL-BLUE")["ModelName"] == "model-Blue"


def test_an_update_hands_over_the_deployment_config(api: Bench) -> None:
    config(api, "Green")
    api(
        "UpdateEndpoint",
        EndpointName="Shop",
        EndpointConfigName="Green",
        DeploymentConfig=deployment(),
        RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DataCaptureConfig"}],
    )
    (handed_over,) = api.fleets.updates
    assert handed_over == {
        "config": "Green",
        "deployment": deployment(),
        "retain_all_variant_properties": True,
        "excluded_properties": {"DataCaptureConfig"},
    }
    assert api("DescribeEndpoint", EndpointName="Shop")["EndpointStatus"] == "Updating"


def test_an_update_under_way_is_not_disturbed(api: Bench) -> None:
    config(api, "Green")
    api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Green")
    with pytest.raises(ApiError, match="Cannot update in-progress endpoint"):
        api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Blue")


def test_the_config_in_use_is_refused_unless_the_embedded_aws_is_told_to_take_it(api: Bench) -> None:
    with pytest.raises(ApiError, match=r"already uses the endpoint configuration .*endpoint-config/blue") as refused:
        api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Blue", DeploymentConfig=deployment())
    assert refused.value.code == "ValidationException"
    assert api.fleets.updates == []
    lenient = Bench(takes_same_config=True)
    lenient("CreateEndpoint", EndpointName="Shop", EndpointConfigName=config(lenient, "Blue"))
    lenient("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Blue")
    assert len(lenient.fleets.updates) == 1


def test_a_scaled_variant_keeps_its_instance_type(api: Bench) -> None:
    api.scaled.add(("Shop", "primary"))
    api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName=config(api, "Green"))
    api.fleets.finish("Shop", "Green")
    larger = config(api, "Larger", instance_type="ml.m5.xlarge")
    with pytest.raises(ApiError, match="primary must be deregistered with Application AutoScaling"):
        api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName=larger)
    api.scaled.clear()
    api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName=larger)


def test_an_endpoint_whose_rollback_failed_can_be_updated(api: Bench) -> None:
    config(api, "Green")
    api.fleets.found["Shop"]["EndpointStatus"] = "UpdateRollbackFailed"
    api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Green")
    assert api("DescribeEndpoint", EndpointName="Shop")["EndpointStatus"] == "Updating"


def test_guardrails_need_the_same_variants(api: Bench) -> None:
    config(api, "Green", variant="other")
    with pytest.raises(ApiError, match="same variant names in both endpoint configurations, got primary and other"):
        api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Green", DeploymentConfig=deployment())


def test_a_missing_wait_interval_is_refused_as_by_the_api(api: Bench) -> None:
    config(api, "Green")
    wrong = deployment()
    del wrong["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["WaitIntervalInSeconds"]
    with pytest.raises(ApiError, match=r"trafficRoutingConfiguration\.waitIntervalInSeconds.*must not be null"):
        api("UpdateEndpoint", EndpointName="Shop", EndpointConfigName="Green", DeploymentConfig=wrong)


@pytest.mark.parametrize(
    ("action", "request_", "said"),
    [
        ("CreateEndpoint", {"EndpointName": "Shop", "EndpointConfigName": "Blue"}, "Cannot create already existing"),
        (
            "CreateEndpoint",
            {"EndpointName": "x", "EndpointConfigName": "none"},
            "Could not find endpoint configuration",
        ),
        ("DescribeEndpoint", {"EndpointName": "none"}, "Could not find endpoint"),
        ("DeleteEndpointConfig", {"EndpointConfigName": "none"}, "Could not find endpoint configuration"),
    ],
)
def test_what_does_not_fit_is_refused(api: Bench, action: str, request_: dict[str, str], said: str) -> None:
    with pytest.raises(ApiError, match=said) as caught:
        api(action, **request_)
    assert caught.value.code == "ValidationException"


def test_a_config_needs_models_that_exist(bench: Bench) -> None:
    variant = {"VariantName": "v", "ModelName": "none", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    with pytest.raises(ApiError, match="Could not find model"):
        bench("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])


def test_a_serverless_variant_takes_no_inference_pipeline(bench: Bench) -> None:
    bench("CreateModel", ModelName="listed", Containers=[{"Image": "steps:1", "ModelDataUrl": "s3://m/1"}])
    limits = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    variant = {"VariantName": "v", "ModelName": "listed", "ServerlessConfig": limits}
    with pytest.raises(ApiError, match="does not support inference pipelines"):
        bench("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])


@pytest.mark.parametrize(
    ("limits", "more", "said"),
    [
        ({"MemorySizeInMB": 1500}, {}, "MemorySizeInMB must be 1024, 2048, 3072, 4096, 5120 or 6144, got 1500"),
        ({"ProvisionedConcurrency": 6}, {}, "ProvisionedConcurrency must be at most MaxConcurrency, got 6 and 5"),
        ({}, {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}, "must be left out beside ServerlessConfig"),
        ({}, {"ModelName": "closed"}, "model closed must have neither VpcConfig nor EnableNetworkIsolation"),
    ],
)
def test_a_serverless_variant_has_what_sagemaker_gives_it(
    api: Bench, limits: dict[str, int], more: dict[str, Any], said: str
) -> None:
    container = {"Image": "steps:1", "ModelDataUrl": "s3://m/1"}
    api("CreateModel", ModelName="closed", PrimaryContainer=container, EnableNetworkIsolation=True)
    own = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, **limits}
    variant = {"VariantName": "v", "ModelName": "model-Blue", "ServerlessConfig": own, **more}
    with pytest.raises(ApiError, match=said):
        api("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])


def test_a_serverless_endpoint_has_one_variant_and_no_capture(api: Bench) -> None:
    own = {"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5}, "ModelName": "model-Blue"}
    one, other = ({"VariantName": name, **own} for name in ("one", "other"))
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://captures/",
        "CaptureOptions": [{"CaptureMode": "Input"}],
    }
    with pytest.raises(ApiError, match="must have one production variant, got 2"):
        api("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[one, other])
    with pytest.raises(ApiError, match="DataCaptureConfig must be left out"):
        api("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[one], DataCaptureConfig=capture)


def test_a_config_takes_no_key_for_machines_with_disks_of_their_own(api: Bench) -> None:
    variant = {"VariantName": "v", "ModelName": "model-Blue", "InstanceType": "ml.m5d.large", "InitialInstanceCount": 1}
    with pytest.raises(ApiError, match="KMS key is not supported for NVMe instance storage"):
        api("CreateEndpointConfig", EndpointConfigName="c", KmsKeyId="key", ProductionVariants=[variant])


def test_a_config_takes_one_shadow_beside_one_variant_on_instances(api: Bench) -> None:
    row = {"ModelName": "model-Blue", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    primary, shadow = ({"VariantName": name, **row} for name in ("primary", "shadow"))
    serverless = {
        "VariantName": "shadow",
        "ModelName": "model-Blue",
        "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1},
    }
    for shadows, said in (
        ([primary], "unique"),
        ([shadow, {**shadow, "VariantName": "other"}], "must each have one variant"),
        ([serverless], "serverless"),
        ([{**shadow, "ModelName": "model-none"}], "Could not find model"),
    ):
        with pytest.raises(ApiError, match=said):
            api(
                "CreateEndpointConfig",
                EndpointConfigName="New",
                ProductionVariants=[primary],
                ShadowProductionVariants=shadows,
            )
    api(
        "CreateEndpointConfig",
        EndpointConfigName="New",
        ProductionVariants=[primary],
        ShadowProductionVariants=[shadow],
    )
    (made,) = api("DescribeEndpointConfig", EndpointConfigName="New")["ShadowProductionVariants"]
    assert (made["VariantName"], made["InitialVariantWeight"]) == ("shadow", 1.0)


def test_weights_are_handed_to_the_fleet(api: Bench) -> None:
    change = {"VariantName": "primary", "DesiredWeight": 2.0}
    api("UpdateEndpointWeightsAndCapacities", EndpointName="Shop", DesiredWeightsAndCapacities=[change])
    assert api.fleets.updates == [{"endpoint": "Shop", "weights": [change]}]
    with pytest.raises(ApiError, match="must be among primary, got other"):
        api(
            "UpdateEndpointWeightsAndCapacities",
            EndpointName="Shop",
            DesiredWeightsAndCapacities=[{"VariantName": "other", "DesiredWeight": 1.0}],
        )


def test_events_bear_statuses_in_upper_case_and_the_endpoints_tags(api: Bench) -> None:
    arn = api("DescribeEndpoint", EndpointName="Shop")["EndpointArn"]
    api("AddTags", ResourceArn=arn, Tags=[{"Key": "team", "Value": "web"}])
    api.plane.on_fleet_event("SageMaker Endpoint State Change", {"EndpointName": "Shop", "EndpointStatus": "InService"})
    kind, detail, resources = api.events[-1]
    assert (kind, resources) == ("SageMaker Endpoint State Change", [arn])
    assert (detail["EndpointStatus"], detail["EndpointArn"], detail["Tags"]) == ("IN_SERVICE", arn, {"team": "web"})
    assert detail["CreationTime"] > 1_500_000_000_000


def test_a_deleted_endpoint_is_gone_and_its_name_free(api: Bench) -> None:
    api("DeleteEndpoint", EndpointName="Shop")
    eventually(lambda: not api("ListEndpoints")["Endpoints"])
    api("CreateEndpoint", EndpointName="Shop", EndpointConfigName="Blue")
    assert [row["EndpointName"] for row in api("ListEndpoints", StatusEquals="InService")["Endpoints"]] == ["Shop"]
