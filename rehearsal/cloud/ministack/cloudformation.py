"""CloudFormation resource types that ministack does not have."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from ministack.services.cloudformation import provisioners as _provisioners
from ministack.services.cloudformation import stacks as _stacks

Properties = dict[str, Any]
Provisioned = tuple[str, dict[str, Any]]
"""The physical id (what Ref gives) and the attributes that GetAtt gives."""


class ResourceType(Protocol):
    """One type. Every method runs on a worker thread and may block; an exception's text becomes the event's reason."""

    @property
    def name(self) -> str: ...

    @property
    def create_only(self) -> Sequence[str]:
        """The properties whose change replaces the resource."""

    def create(self, logical_id: str, properties: Properties, stack: str) -> Provisioned: ...

    def update(self, physical_id: str, old: Properties, new: Properties, stack: str) -> Provisioned: ...

    def delete(self, physical_id: str, properties: Properties) -> None: ...


def add_resource_types(types: Sequence[ResourceType]) -> None:
    """Register `types` with handlers, replacement rules and stack-tag propagation."""
    for kind in types:
        _provisioners._RESOURCE_HANDLERS[kind.name] = _handlers(kind)
        _provisioners._REPLACING_PROPERTIES[kind.name] = tuple(kind.create_only)
        _provisioners._STACK_TAG_PROPERTY[kind.name] = ("Tags", "list")
    blocking = frozenset(kind.name for kind in types)
    known = _stacks._runs_on_worker_thread
    _stacks._runs_on_worker_thread = lambda resource_type: resource_type in blocking or known(resource_type)


def _handlers(kind: ResourceType) -> Mapping[str, Any]:
    return {"create": kind.create, "update": kind.update, "delete": kind.delete}
