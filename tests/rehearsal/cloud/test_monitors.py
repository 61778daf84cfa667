"""Monitoring schedules and job definitions: kept, checked and described."""

from typing import Any

import pytest

from rehearsal.cloud.ministack.cloudformation import ResourceType
from rehearsal.cloud.resources import resource_types
from rehearsal.cloud.resources.handler import ProvisioningError
from rehearsal.cloud.sagemaker.api_errors import ApiError
from tests.rehearsal.cloud.fakes import Bench

ROLE = "arn:aws:iam::000000000000:role/monitor"
DEFINITION = {
    "JobDefinitionName": "Shop-Quality",
    "DataQualityAppSpecification": {"ImageUri": "registry.example/steps:1"},
    "DataQualityJobInput": {"EndpointInput": {"EndpointName": "Shop", "LocalPath": "/opt/ml/processing/input"}},
    "DataQualityJobOutputConfig": {
        "MonitoringOutputs": [
            {"S3Output": {"S3Uri": "s3://artifacts/monitor", "LocalPath": "/opt/ml/processing/output"}}
        ]
    },
    "JobResources": {
        "ClusterConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": "10"},
    },
    "RoleArn": ROLE,
}
SCHEDULE = {
    "MonitoringScheduleName": "Shop-Hourly",
    "MonitoringScheduleConfig": {
        "MonitoringJobDefinitionName": "Shop-Quality",
        "MonitoringType": "DataQuality",
        "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    },
}


@pytest.fixture
def types(bench: Bench) -> dict[str, ResourceType]:
    made = resource_types(bench.plane.api.call_with_template_values, after_rollback="silent")
    return {kind.name.rpartition("::")[2]: kind for kind in made}


def make(types: dict[str, ResourceType], kind: str, properties: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return types[kind].create("Thing", properties, "stack")


def test_a_schedule_of_a_definition_is_described(bench: Bench, types: dict[str, ResourceType]) -> None:
    arn, attributes = make(types, "DataQualityJobDefinition", DEFINITION)
    assert arn == attributes["JobDefinitionArn"]
    assert arn.endswith(":data-quality-job-definition/shop-quality")
    schedule, _ = make(types, "MonitoringSchedule", SCHEDULE)
    assert schedule.endswith(":monitoring-schedule/shop-hourly")
    found = bench("DescribeMonitoringSchedule", MonitoringScheduleName="Shop-Hourly")
    assert (found["MonitoringScheduleStatus"], found["MonitoringType"], found["EndpointName"]) == (
        "Scheduled",
        "DataQuality",
        "Shop",
    )
    assert "LastMonitoringExecutionSummary" not in found
    volume = bench("DescribeDataQualityJobDefinition", JobDefinitionName="Shop-Quality")["JobResources"]
    assert volume["ClusterConfig"]["VolumeSizeInGB"] == 10


def test_they_are_listed_by_endpoint(bench: Bench, types: dict[str, ResourceType]) -> None:
    make(types, "DataQualityJobDefinition", DEFINITION)
    make(types, "MonitoringSchedule", SCHEDULE)
    assert len(bench("ListMonitoringSchedules", EndpointName="Shop")["MonitoringScheduleSummaries"]) == 1
    assert bench("ListMonitoringSchedules", EndpointName="Other")["MonitoringScheduleSummaries"] == []
    assert len(bench("ListDataQualityJobDefinitions", EndpointName="Shop")["JobDefinitionSummaries"]) == 1
    assert bench("ListModelBiasJobDefinitions")["JobDefinitionSummaries"] == []


def test_a_schedule_is_stopped_started_changed_and_deleted(bench: Bench, types: dict[str, ResourceType]) -> None:
    make(types, "DataQualityJobDefinition", DEFINITION)
    arn, _ = make(types, "MonitoringSchedule", SCHEDULE)

    def described() -> dict[str, Any]:
        found: dict[str, Any] = bench("DescribeMonitoringSchedule", MonitoringScheduleName="Shop-Hourly")
        return found

    bench("StopMonitoringSchedule", MonitoringScheduleName="Shop-Hourly")
    assert described()["MonitoringScheduleStatus"] == "Stopped"
    bench("StartMonitoringSchedule", MonitoringScheduleName="Shop-Hourly")
    assert described()["MonitoringScheduleStatus"] == "Scheduled"
    daily = {"ScheduleExpression": "cron(0 0 ? * * *)"}
    config = {**SCHEDULE["MonitoringScheduleConfig"], "ScheduleConfig": daily}  # type: ignore[dict-item]
    changed = {**SCHEDULE, "MonitoringScheduleConfig": config, "Tags": [{"Key": "a", "Value": "1"}]}
    types["MonitoringSchedule"].update(arn, SCHEDULE, changed, "stack")
    assert described()["MonitoringScheduleConfig"]["ScheduleConfig"] == daily
    assert bench("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    for _ in range(2):
        types["MonitoringSchedule"].delete(arn, SCHEDULE)
    assert bench("ListMonitoringSchedules")["MonitoringScheduleSummaries"] == []


def test_a_schedule_may_bring_its_definition(bench: Bench) -> None:
    inline = {
        "MonitoringInputs": [{"EndpointInput": DEFINITION["DataQualityJobInput"]["EndpointInput"]}],  # type: ignore[index]
        "MonitoringOutputConfig": DEFINITION["DataQualityJobOutputConfig"],
        "MonitoringResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        "MonitoringAppSpecification": {"ImageUri": "registry.example/steps:1"},
        "RoleArn": ROLE,
    }
    bench(
        "CreateMonitoringSchedule",
        MonitoringScheduleName="own",
        MonitoringScheduleConfig={"MonitoringJobDefinition": inline},
    )
    assert bench("DescribeMonitoringSchedule", MonitoringScheduleName="own")["EndpointName"] == "Shop"


def test_a_volume_key_is_refused_on_machines_with_disks_of_their_own(bench: Bench) -> None:
    machine = {"InstanceCount": 1, "InstanceType": "ml.r5d.large", "VolumeSizeInGB": 10, "VolumeKmsKeyId": "key"}
    with pytest.raises(ApiError, match="KMS key is not supported for NVMe instance storage"):
        bench("CreateDataQualityJobDefinition", **DEFINITION | {"JobResources": {"ClusterConfig": machine}})


@pytest.mark.parametrize(
    ("config", "reported"),
    [
        ({"MonitoringJobDefinitionName": "none", "MonitoringType": "DataQuality"}, "Could not find job definition"),
        ({"MonitoringType": "DataQuality"}, "Exactly one of MonitoringJobDefinition"),
        ({"MonitoringJobDefinitionName": "none", "MonitoringType": "Weather"}, "enum"),
    ],
)
def test_a_schedule_that_sagemaker_refuses_is_refused(bench: Bench, config: dict[str, Any], reported: str) -> None:
    with pytest.raises(ApiError, match=reported):
        bench("CreateMonitoringSchedule", MonitoringScheduleName="bad", MonitoringScheduleConfig=config)


def test_names_are_given_once(bench: Bench, types: dict[str, ResourceType]) -> None:
    make(types, "DataQualityJobDefinition", DEFINITION)
    make(types, "MonitoringSchedule", SCHEDULE)
    for kind, properties in (("DataQualityJobDefinition", DEFINITION), ("MonitoringSchedule", SCHEDULE)):
        with pytest.raises(ProvisioningError, match=r"already exists.*AlreadyExists"):
            make(types, kind, properties)
    with pytest.raises(ApiError, match="does not exist"):
        bench("DescribeMonitoringSchedule", MonitoringScheduleName="none")


def test_a_definition_with_a_generated_name_is_found_again(bench: Bench, types: dict[str, ResourceType]) -> None:
    unnamed = {key: value for key, value in DEFINITION.items() if key != "JobDefinitionName"}
    arn, attributes = make(types, "DataQualityJobDefinition", unnamed)
    assert attributes["JobDefinitionName"].startswith("stack-Thing-")
    tagged = {**unnamed, "Tags": [{"Key": "a", "Value": "1"}]}
    assert types["DataQualityJobDefinition"].update(arn, unnamed, tagged, "stack")[1] == attributes
    types["DataQualityJobDefinition"].delete(arn, unnamed)
    assert bench("ListDataQualityJobDefinitions")["JobDefinitionSummaries"] == []
