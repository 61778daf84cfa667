"""Fixed names beside properties that only a new resource can take: the new one cannot have the name of the old one."""

import functools
from collections.abc import Iterator, Mapping
from typing import Any

_PREFIX = "/properties/"


def create_only_findings(type_: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each create-only property beside a physical name, by the registry's schema of the type.

    A change of it replaces the resource. CloudFormation makes the new one first, so its name is taken: the deployment
    fails with AlreadyExists, and so does every later one.
    """
    create_only, identity = _schema(type_)
    given = sorted(path for path in create_only if _is_given(properties, path))
    names = [path for path in given if path in identity or _is_name(type_, path)]
    for path in given:
        if names and path not in names and not any(path.startswith(f"{other}/") for other in given):
            yield f"CreateOnly[{type_}.{path}]", f"create-only beside the fixed {', '.join(names)}: a change fails"


@functools.cache
def _schema(type_: str) -> tuple[frozenset[str], frozenset[str]]:
    """Paths of the create-only properties, and of those that identify a resource."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError  # noqa: PLC0415 — a second of modules

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", type_).schema
    except ResourceNotFoundError:  # a custom resource, or the CDK's own metadata: the registry does not know them
        return frozenset(), frozenset()
    create_only = (*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ()))
    others = (path for one in schema.get("additionalIdentifiers", ()) for path in one)
    return _paths(create_only), _paths((*schema.get("primaryIdentifier", ()), *others))


def _paths(pointers: tuple[str, ...]) -> frozenset[str]:
    return frozenset(pointer.removeprefix(_PREFIX) for pointer in pointers)


def _is_name(type_: str, path: str) -> bool:
    """`ModelPackageGroupName` of a ModelPackageGroup, `Name` of a Rule, `PolicyName` of a ScalingPolicy."""
    leaf = path.rpartition("/")[2]
    return leaf.endswith("Name") and f"{type_.rpartition(':')[2]}Name".endswith(leaf)


def _is_given(node: Any, path: str) -> bool:
    for part in path.split("/"):
        if not isinstance(node, Mapping) or part not in node:
            return False
        node = node[part]
    return True
