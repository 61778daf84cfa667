"""CloudFormation's intrinsic functions, worked out as far as a template alone allows."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.errors import InputError
from slipway.guardrails.planned import OPAQUE

_PLACEHOLDER = re.compile(r"\$\{([^!][^}]*)\}")
_NAMES = {
    # What Fn::GetAtt (or Ref, as "") gives of a resource, and the property with the same value.
    "AWS::SageMaker::EndpointConfig": {"EndpointConfigName": "EndpointConfigName"},
    "AWS::SageMaker::Model": {"ModelName": "ModelName"},
    "AWS::SageMaker::Endpoint": {"EndpointName": "EndpointName"},
    "AWS::CloudWatch::Alarm": {"": "AlarmName"},
    "AWS::CloudWatch::CompositeAlarm": {"": "AlarmName"},
}
_MOST_DEPTH = 40


class _Nothing:
    """AWS::NoValue: the key goes with it."""


_NOTHING = _Nothing()


class Intrinsics:
    """Values of one template.

    A parameter is its default. Of Fn::If the first branch is taken, unless it is AWS::NoValue. What CloudFormation
    only has when it deploys becomes text: `${LogicalId.Attribute}` for a resource's attribute, which is the same
    wherever it is the same, and `${?…}` for a parameter whose default is none or empty, an import and the like.
    """

    def __init__(self, template: Mapping[str, Any]) -> None:
        self._resources: Mapping[str, Any] = template.get("Resources") or {}
        self._parameters: Mapping[str, Any] = template.get("Parameters") or {}
        self._mappings: Mapping[str, Any] = template.get("Mappings") or {}
        self._functions: dict[str, Callable[[Any, int], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::Select": self._select,
        }

    def resolve(self, value: Any) -> Any:
        """`value` without intrinsic functions."""
        found = self._resolve(value, 0)
        return None if found is _NOTHING else found

    def name_of(self, logical_id: str, property_: str, attribute: str) -> str:
        """A resource's name: the physical one, or the attribute that stands for it."""
        given = (self._resources[logical_id].get("Properties") or {}).get(property_)
        found = self.resolve(given) if given is not None else None
        return str(found) if found is not None else _attribute(logical_id, attribute)

    def _resolve(self, value: Any, depth: int) -> Any:
        if depth > _MOST_DEPTH:
            return f"{OPAQUE}endless}}"
        if isinstance(value, Mapping):
            if len(value) == 1 and (name := str(next(iter(value)))) in self._functions:
                return self._call(name, value[name], depth + 1)
            if len(value) == 1 and name.startswith("Fn::"):
                return f"{OPAQUE}{name}}}"
            items = ((key, self._resolve(item, depth + 1)) for key, item in value.items())
            return {key: item for key, item in items if item is not _NOTHING}
        if isinstance(value, list):
            return [item for item in (self._resolve(each, depth + 1) for each in value) if item is not _NOTHING]
        return value

    def _call(self, function: str, arguments: Any, depth: int) -> Any:
        try:
            return self._functions[function](arguments, depth)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as exc:
            raise InputError(f"{function} must have the arguments CloudFormation gives it, got {arguments!r}") from exc

    def _ref(self, name: Any, depth: int) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in self._resources:
            return self._named(str(name), "", depth)
        default = (self._parameters.get(name) or {}).get("Default")
        return default if default not in (None, "") else f"{OPAQUE}{name}}}"

    def _get_att(self, place: Any, depth: int) -> Any:
        parts = place.split(".", 1) if isinstance(place, str) else [str(part) for part in place]
        return self._named(parts[0], parts[1] if len(parts) > 1 else "", depth)

    def _named(self, logical_id: str, attribute: str, depth: int) -> Any:
        resource = self._resources.get(logical_id) or {}
        property_ = _NAMES.get(str(resource.get("Type")), {}).get(attribute)
        given = (resource.get("Properties") or {}).get(property_) if property_ else None
        found = self._resolve(given, depth + 1) if given is not None else _NOTHING
        return _attribute(logical_id, attribute) if found is _NOTHING else found

    def _join(self, arguments: Any, depth: int) -> Any:
        separator, parts = arguments
        found = self._resolve(parts, depth)
        return str(separator).join(str(p) for p in found) if isinstance(found, list) else f"{OPAQUE}Fn::Join}}"

    def _sub(self, arguments: Any, depth: int) -> Any:
        text, values = (arguments, {}) if isinstance(arguments, str) else arguments

        def filled(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in values:
                return str(self._resolve(values[name], depth))
            return str(self._get_att(name, depth) if "." in name else self._ref(name, depth))

        return _PLACEHOLDER.sub(filled, text).replace("${!", "${")

    def _if(self, arguments: Any, depth: int) -> Any:
        _condition, yes, no = arguments
        found = self._resolve(yes, depth)
        return self._resolve(no, depth) if found is _NOTHING else found

    def _find_in_map(self, arguments: Any, depth: int) -> Any:
        keys = self._resolve(list(arguments[:3]), depth)
        found: Any = self._mappings
        for key in keys:
            found = found.get(str(key)) if isinstance(found, Mapping) else None
        return found if found is not None else f"{OPAQUE}Fn::FindInMap {'.'.join(map(str, keys))}}}"

    def _select(self, arguments: Any, depth: int) -> Any:
        index, items = self._resolve(arguments[0], depth), self._resolve(arguments[1], depth)
        if (
            isinstance(items, Sequence)
            and not isinstance(items, str)
            and str(index).isdigit()
            and int(index) < len(items)
        ):
            return items[int(index)]
        return f"{OPAQUE}Fn::Select}}"


def _attribute(logical_id: str, attribute: str) -> str:
    return f"${{{logical_id}.{attribute}}}" if attribute else f"${{{logical_id}}}"
