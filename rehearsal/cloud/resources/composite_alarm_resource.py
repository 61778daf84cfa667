"""AWS::CloudWatch::CompositeAlarm."""

from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import generated_name, tags_of, without
from rehearsal.cloud.resources.sdk import ClientFactory, Sdk


class CompositeAlarmResource:
    """Only its name is create-only; an update keeps the state until the new rule is evaluated."""

    name = "AWS::CloudWatch::CompositeAlarm"
    create_only = ("AlarmName",)

    def __init__(self, client: ClientFactory) -> None:
        self._cloudwatch = Sdk(client, "cloudwatch")

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get("AlarmName") or generated_name(stack, logical_id)
        return self._put(name, {**properties, "Tags": _listed(_own_tags(properties))})

    def update(self, physical_id: str, old: Properties, new: Properties, _stack: str) -> Provisioned:
        put = self._put(physical_id, without(new, "Tags"))
        arn, before, after = put[1]["Arn"], _own_tags(old), _own_tags(new)
        if dropped := sorted(before.keys() - after.keys()):
            self._cloudwatch.call("UntagResource", ResourceARN=arn, TagKeys=dropped)
        if after:
            self._cloudwatch.call("TagResource", ResourceARN=arn, Tags=_listed(after))
        return put

    def _put(self, name: str, properties: Properties) -> Provisioned:
        self._cloudwatch.call("PutCompositeAlarm", **{**properties, "AlarmName": name})
        found = self._cloudwatch.call("DescribeAlarms", AlarmNames=[name], AlarmTypes=["CompositeAlarm"])
        return name, {"Arn": found["CompositeAlarms"][0]["AlarmArn"]}

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._cloudwatch.call("DeleteAlarms", AlarmNames=[physical_id])


def _own_tags(properties: Properties) -> dict[str, str]:
    """Without those that only CloudFormation itself may set."""
    return {key: value for key, value in tags_of(properties).items() if not key.startswith("aws:")}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
