"""Monitoring schedules and the job definitions they name: kept, checked and described, never run."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from rehearsal.cloud.sagemaker.api_errors import in_use, not_found, validation_error
from rehearsal.cloud.sagemaker.arns import arn
from rehearsal.cloud.sagemaker.json_protocol import Action
from rehearsal.cloud.sagemaker.listing import Listing
from rehearsal.cloud.sagemaker.platform import Platform, Record
from rehearsal.cloud.sagemaker.volumes import refuse_volume_key

JOB_DEFINITIONS: Mapping[str, str] = {
    "DataQuality": "data-quality",
    "ModelQuality": "model-quality",
    "ModelBias": "model-bias",
    "ModelExplainability": "model-explainability",
}
"""MonitoringType → the first words of the definition's kind in its ARN."""

_LISTED = Listing("JobDefinitionSummaries", name="MonitoringJobDefinitionName", equals={"EndpointName": "EndpointName"})
_SCHEDULES = Listing(
    "MonitoringScheduleSummaries",
    name="MonitoringScheduleName",
    status="MonitoringScheduleStatus",
    equals={"EndpointName": "EndpointName"},
)


@dataclass(frozen=True)
class _Kind:
    """One kind of job definition: DataQuality, …"""

    monitoring_type: str

    def arn(self, name: str) -> str:
        return arn(f"{JOB_DEFINITIONS[self.monitoring_type]}-job-definition", name.lower())

    def endpoint(self, definition: Record) -> str:
        return str(definition[f"{self.monitoring_type}JobInput"].get("EndpointInput", {}).get("EndpointName", ""))


class Monitors:
    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._definitions: dict[tuple[str, str], Record] = {}
        self._schedules: dict[str, Record] = {}

    def actions(self) -> Mapping[str, Action]:
        actions: dict[str, Action] = {
            "CreateMonitoringSchedule": self.create,
            "DescribeMonitoringSchedule": self.describe,
            "ListMonitoringSchedules": self.list,
            "UpdateMonitoringSchedule": self.update,
            "DeleteMonitoringSchedule": self.delete,
            "StartMonitoringSchedule": functools.partial(self._set_status, "Scheduled"),
            "StopMonitoringSchedule": functools.partial(self._set_status, "Stopped"),
        }
        for monitoring_type in JOB_DEFINITIONS:
            kind = _Kind(monitoring_type)
            resource = f"{monitoring_type}JobDefinition"
            actions[f"Create{resource}"] = functools.partial(self._define, kind)
            actions[f"Describe{resource}"] = functools.partial(self._definition, kind)
            actions[f"List{resource}s"] = functools.partial(self._list_definitions, kind)
            actions[f"Delete{resource}"] = functools.partial(self._forget, kind)
        return actions

    def _define(self, kind: _Kind, request: Record) -> Record:
        name = request["JobDefinitionName"]
        definition_arn = kind.arn(name)
        if (kind.monitoring_type, name) in self._definitions:
            raise in_use(f"Job definition {definition_arn} already exists")
        refuse_volume_key(request["JobResources"]["ClusterConfig"])
        record = {**request, "JobDefinitionArn": definition_arn, "CreationTime": self._platform.now()}
        self._definitions[kind.monitoring_type, name] = record
        self._platform.tag(definition_arn, request.get("Tags"))
        return {"JobDefinitionArn": definition_arn}

    def _definition(self, kind: _Kind, request: Record) -> Record:
        name = request["JobDefinitionName"]
        if (kind.monitoring_type, name) not in self._definitions:
            raise not_found(f"Could not find job definition {kind.arn(name)}: it does not exist")
        return self._definitions[kind.monitoring_type, name]

    def _list_definitions(self, kind: _Kind, request: Record) -> Record:
        summaries = [
            {
                "MonitoringJobDefinitionName": name,
                "MonitoringJobDefinitionArn": definition["JobDefinitionArn"],
                "CreationTime": definition["CreationTime"],
                "EndpointName": kind.endpoint(definition),
            }
            for (monitoring_type, name), definition in self._definitions.items()
            if monitoring_type == kind.monitoring_type
        ]
        return _LISTED.answer(summaries, request)

    def _forget(self, kind: _Kind, request: Record) -> None:
        definition = self._definition(kind, request)
        del self._definitions[kind.monitoring_type, definition["JobDefinitionName"]]
        self._platform.untag(definition["JobDefinitionArn"])

    def create(self, request: Record) -> Record:
        name = request["MonitoringScheduleName"]
        schedule_arn = arn("monitoring-schedule", name.lower())
        if name in self._schedules:
            raise in_use(f"Monitoring schedule {schedule_arn} already exists")
        self._schedules[name] = {
            "MonitoringScheduleName": name,
            "MonitoringScheduleArn": schedule_arn,
            "MonitoringScheduleStatus": "Scheduled",
            "CreationTime": self._platform.now(),
            **self._configured(request["MonitoringScheduleConfig"]),
        }
        self._platform.tag(schedule_arn, request.get("Tags"))
        return {"MonitoringScheduleArn": schedule_arn}

    def _configured(self, config: Record) -> Record:
        """A schedule's config; the job definition that it names must exist."""
        inline, named = config.get("MonitoringJobDefinition"), config.get("MonitoringJobDefinitionName")
        if bool(inline) == bool(named):
            raise validation_error(
                "Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName must be given"
            )
        kind = _Kind(config.get("MonitoringType", "DataQuality"))
        if named:
            endpoint = kind.endpoint(self._definition(kind, {"JobDefinitionName": named}))
        else:
            refuse_volume_key(config["MonitoringJobDefinition"]["MonitoringResources"]["ClusterConfig"])
            inputs = [each.get("EndpointInput", {}) for each in config["MonitoringJobDefinition"]["MonitoringInputs"]]
            endpoint = next((each["EndpointName"] for each in inputs if each), "")
        return {
            "MonitoringScheduleConfig": config,
            "MonitoringType": kind.monitoring_type,
            "LastModifiedTime": self._platform.now(),
            **({"EndpointName": endpoint} if endpoint else {}),
            **({"MonitoringJobDefinitionName": named} if named else {}),
        }

    def describe(self, request: Record) -> Record:
        name = request["MonitoringScheduleName"]
        if name not in self._schedules:
            raise not_found(f"Monitoring schedule {arn('monitoring-schedule', name.lower())} does not exist")
        return self._schedules[name]

    def list(self, request: Record) -> Record:
        return _SCHEDULES.answer(self._schedules.values(), request)

    def update(self, request: Record) -> Record:
        schedule = self.describe(request)
        schedule |= self._configured(request["MonitoringScheduleConfig"])
        return {"MonitoringScheduleArn": schedule["MonitoringScheduleArn"]}

    def _set_status(self, status: str, request: Record) -> None:
        self.describe(request).update(MonitoringScheduleStatus=status, LastModifiedTime=self._platform.now())

    def delete(self, request: Record) -> None:
        schedule = self.describe(request)
        del self._schedules[schedule["MonitoringScheduleName"]]
        self._platform.untag(schedule["MonitoringScheduleArn"])
