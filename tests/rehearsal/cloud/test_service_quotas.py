"""Quotas of instances: what is refused, with SageMaker's words, and what Service Quotas tells of them."""

from typing import Any

import pytest

from rehearsal.cloud.sagemaker.api_errors import ApiError
from rehearsal.cloud.service_quotas import ServiceQuotas
from tests.rehearsal.cloud.fakes import Bench
from tests.rehearsal.cloud.process import eventually
from tests.rehearsal.cloud.test_endpoints import config
from tests.rehearsal.cloud.test_jobs import processing, training

QUOTAS = ServiceQuotas(
    {
        "ml.m5.large for training job usage": 1,
        "ml.m5.large for processing job usage": 0,
        "ml.m5.large for endpoint usage": 7,
    }
)


def refused(bench: Bench, action: str, **request: Any) -> str:
    with pytest.raises(ApiError) as refusal:
        bench(action, **request)
    assert refusal.value.code == "ResourceLimitExceeded"
    return refusal.value.message


def test_a_job_more_than_the_quota_is_refused_until_one_has_ended() -> None:
    bench = Bench(require=QUOTAS.require)
    assert "is 0 Instances" in refused(bench, "CreateProcessingJob", **processing("P"))
    bench("CreateTrainingJob", **training("T1"))
    assert refused(bench, "CreateTrainingJob", **training("T2")).startswith(
        "The account-level service limit 'ml.m5.large for training job usage' is 1 Instances, with current "
        "utilization of 1 Instances and a request delta of 1 Instances."
    )
    bench.runner.release.set()
    eventually(lambda: bench("DescribeTrainingJob", TrainingJobName="T1")["TrainingJobStatus"] == "Completed")
    bench("CreateTrainingJob", **training("T2"))


def test_spot_instances_have_a_quota_of_their_own() -> None:
    bench = Bench(require=ServiceQuotas({"ml.m5.large for spot training job usage": 0}).require)
    bench("CreateTrainingJob", **training("T1"))
    spot = {**training("T2"), "EnableManagedSpotTraining": True}
    spot["StoppingCondition"] = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    assert "'ml.m5.large for spot training job usage'" in refused(bench, "CreateTrainingJob", **spot)
    bench.runner.release.set()


def test_an_endpoint_counts_once_and_a_type_without_a_quota_not_at_all() -> None:
    bench = Bench(require=QUOTAS.require)
    bench("CreateEndpoint", EndpointName="One", EndpointConfigName=config(bench, "Blue"))
    bench.fleets.found["One"]["ProductionVariants"] = [{"VariantName": "primary", "CurrentInstanceCount": 4}]
    for action, endpoint in (("UpdateEndpoint", "One"), ("CreateEndpoint", "Two")):
        green = config(bench, f"Green{endpoint}")
        assert "utilization of 4 Instances and a request delta of 4 Instances" in refused(
            bench, action, EndpointName=endpoint, EndpointConfigName=green
        )


@pytest.mark.parametrize(("instances", "is_refused"), [(7, False), (8, True)])
def test_an_endpoint_is_scaled_out_up_to_the_quota(instances: int, *, is_refused: bool) -> None:
    bench = Bench(require=QUOTAS.require)
    blue = config(bench, "Blue")
    bench("CreateEndpoint", EndpointName="One", EndpointConfigName=blue)
    live = [{"VariantName": "primary", "CurrentInstanceCount": 4}]
    bench.fleets.found["One"] |= {"EndpointConfigName": blue, "EndpointStatus": "InService", "ProductionVariants": live}
    wanted = [{"VariantName": "primary", "DesiredInstanceCount": instances}]
    request = {"EndpointName": "One", "DesiredWeightsAndCapacities": wanted}
    if is_refused:
        assert "request delta of 4" in refused(bench, "UpdateEndpointWeightsAndCapacities", **request)
    else:
        bench("UpdateEndpointWeightsAndCapacities", **request)


def test_service_quotas_tells_the_same_quotas() -> None:
    listed = QUOTAS.api.call("ListServiceQuotas", {"ServiceCode": "sagemaker"})["Quotas"]
    assert {each["QuotaName"]: each["Value"] for each in listed}["ml.m5.large for endpoint usage"] == 7
    asked = {"ServiceCode": "sagemaker", "QuotaCode": listed[0]["QuotaCode"]}
    assert QUOTAS.api.call("GetServiceQuota", asked)["Quota"] == listed[0]
    assert QUOTAS.api.call("ListServiceQuotas", {"ServiceCode": "codebuild"})["Quotas"] == []
    with pytest.raises(ApiError, match="does not exist"):
        QUOTAS.api.call("GetServiceQuota", {**asked, "QuotaCode": "L-00000000"})
