"""AWS::SageMaker::MonitoringSchedule and the four types of monitoring job definitions."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import SageMaker, generated_name, without
from rehearsal.cloud.sagemaker.arns import name_of


class MonitoringScheduleResource:
    """Only its name is create-only."""

    name = "AWS::SageMaker::MonitoringSchedule"
    create_only = ("MonitoringScheduleName",)
    _read_only = ("EndpointName", "FailureReason", "LastMonitoringExecutionSummary", "MonitoringScheduleStatus")

    def __init__(self, sagemaker: SageMaker) -> None:
        self._sagemaker = sagemaker

    def create(self, _logical_id: str, properties: Properties, _stack: str) -> Provisioned:
        request = without(properties, *self._read_only)
        arn = self._sagemaker.call("CreateMonitoringSchedule", request)["MonitoringScheduleArn"]
        return arn, self._attributes(properties["MonitoringScheduleName"])

    def _attributes(self, name: str) -> Properties:
        found = self._sagemaker.call("DescribeMonitoringSchedule", {"MonitoringScheduleName": name})
        return {key: str(found[key]) for key in ("MonitoringScheduleArn", "CreationTime", "LastModifiedTime")}

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self._sagemaker.call("UpdateMonitoringSchedule", without(new, *self._read_only, "Tags"))
        self._sagemaker.retag(physical_id, old, new)
        return physical_id, self._attributes(new["MonitoringScheduleName"])

    def delete(self, _physical_id: str, properties: Properties) -> None:
        request = {"MonitoringScheduleName": properties["MonitoringScheduleName"]}
        self._sagemaker.gone("DeleteMonitoringSchedule", request)


class JobDefinitionResource:
    """DataQualityJobDefinition, …: everything but the tags is create-only."""

    def __init__(self, sagemaker: SageMaker, monitoring_type: str) -> None:
        self._sagemaker, self._noun = sagemaker, f"{monitoring_type}JobDefinition"
        self.name = f"AWS::SageMaker::{self._noun}"
        self.create_only = (
            *(
                f"{monitoring_type}{part}"
                for part in ("BaselineConfig", "AppSpecification", "JobInput", "JobOutputConfig")
            ),
            "JobDefinitionName",
            "JobResources",
            "NetworkConfig",
            "RoleArn",
            "StoppingCondition",
        )

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("JobDefinitionName") or generated_name(stack, logical_id)
        request = {**without(properties, "EndpointName"), "JobDefinitionName": name}
        arn = self._sagemaker.call(f"Create{self._noun}", request)["JobDefinitionArn"]
        return arn, self._attributes(name)

    def _attributes(self, name: str) -> Properties:
        found = self._sagemaker.call(f"Describe{self._noun}", {"JobDefinitionName": name})
        return {
            "JobDefinitionArn": found["JobDefinitionArn"],
            "JobDefinitionName": name,
            "CreationTime": str(found["CreationTime"]),
        }

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        self._sagemaker.retag(physical_id, old, new)
        # An ARN is all lower case; a generated name is too, and a given one is among the properties.
        return physical_id, self._attributes(new.get("JobDefinitionName") or self._name_of(physical_id))

    def _name_of(self, arn: str) -> str:
        listed = self._sagemaker.call(f"List{self._noun}s", {"NameContains": name_of(arn), "MaxResults": 100})
        return next(
            str(each["MonitoringJobDefinitionName"])
            for each in listed["JobDefinitionSummaries"]
            if each["MonitoringJobDefinitionArn"] == arn
        )

    def delete(self, physical_id: str, properties: Properties) -> None:
        name = properties.get("JobDefinitionName") or self._name_of(physical_id)
        self._sagemaker.gone(f"Delete{self._noun}", {"JobDefinitionName": name})
