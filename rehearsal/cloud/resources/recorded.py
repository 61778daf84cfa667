"""Resource types that a stack may have and that do nothing here: their properties are kept with the stack, no more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rehearsal.cloud.environment import ACCOUNT, REGION
from rehearsal.cloud.ministack.cloudformation import Properties, Provisioned
from rehearsal.cloud.resources.handler import generated_name
from rehearsal.cloud.sagemaker.arns import random_id

Described = Callable[[str], Provisioned]
"""A name → the physical id and the attributes."""


def _connection(service: str) -> Described:
    def described(_name: str) -> Provisioned:
        number = f"{random_id(8)}-{random_id(4)}-{random_id(4)}-{random_id(4)}-{random_id(12)}"
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:connection/{number}"
        # On AWS, too, a new connection waits for a person's consent in the console.
        return arn, {"ConnectionArn": arn, "ConnectionStatus": "PENDING", "OwnerAccountId": ACCOUNT}

    return described


def _code_pipeline(name: str) -> Provisioned:
    return name, {"Version": "1"}


@dataclass(frozen=True)
class _Recorded:
    """How one type answers Ref and GetAtt."""

    name_property: str
    create_only: tuple[str, ...]
    described: Described


RECORDED_ONLY: Mapping[str, _Recorded] = {
    "AWS::CodePipeline::Pipeline": _Recorded("Name", ("Name",), _code_pipeline),
    "AWS::CodeConnections::Connection": _Recorded(
        "ConnectionName", ("ConnectionName", "HostArn", "ProviderType"), _connection("codeconnections")
    ),
    "AWS::CodeStarConnections::Connection": _Recorded(
        "ConnectionName", ("ConnectionName", "HostArn", "ProviderType"), _connection("codestar-connections")
    ),
}
"""The types of which only a record is kept: no API describes them, nothing checks their properties, nothing runs.

Kept *and* described by their services' APIs, but not acted on either, are monitoring schedules and job definitions (no
monitoring job is started), scaling targets and policies (nothing is scaled), and budgets (nothing costs anything).
"""


class RecordedResource:
    """One type of `RECORDED_ONLY`."""

    def __init__(self, type_name: str) -> None:
        self.name = type_name
        self._recorded = RECORDED_ONLY[type_name]
        self.create_only = self._recorded.create_only
        self._attributes: dict[str, Properties] = {}

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned:
        name = properties.get(self._recorded.name_property) or generated_name(stack, logical_id)
        physical_id, attributes = self._recorded.described(str(name))
        self._attributes[physical_id] = attributes
        return physical_id, attributes

    def update(self, physical_id: str, _old: Properties, _new: Properties, _stack: str) -> Provisioned:
        return physical_id, self._attributes[physical_id]

    def delete(self, physical_id: str, _properties: Properties) -> None:
        self._attributes.pop(physical_id, None)
