"""A pipeline's parameters: declared with a type, a default and perhaps the values allowed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


def _truth(text: str) -> bool:
    match text.lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError(text)


_CONVERT: dict[str, Callable[[str], Any]] = {"String": str, "Integer": int, "Float": float, "Boolean": _truth}
PARAMETER_TYPES = tuple(_CONVERT)


@dataclass(frozen=True)
class PipelineParameter:
    name: str
    type: str
    default: Any
    allowed: tuple[Any, ...]

    def convert(self, value: Any) -> Any:
        """`value` as this parameter's type; the API passes every value as a string.

        Raises:
            ValueError: it is no such value, or not one of those allowed; the text has the reason.
        """
        try:
            converted = _CONVERT[self.type](value if isinstance(value, str) else _written(value))
        except ValueError as exc:
            raise ValueError(f"parameter {self.name} must be of type {self.type}, got {value!r}") from exc
        if self.allowed and converted not in self.allowed:
            shown = ", ".join(str(each) for each in self.allowed)
            raise ValueError(f"parameter {self.name} must be one of {shown}, got {value!r}")
        return converted


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse_parameter(raw: Mapping[str, Any]) -> PipelineParameter:
    """Read one entry of the definition's Parameters.

    Raises:
        ValueError: the entry is wrong; the text has the reason.
    """
    name, type_name = raw.get("Name"), raw.get("Type")
    if not isinstance(name, str) or not name:
        raise ValueError(f"parameter must have a Name, got {dict(raw)}")
    if type_name not in _CONVERT:
        raise ValueError(f"type of parameter {name} must be one of {', '.join(PARAMETER_TYPES)}, got {type_name}")
    parameter = PipelineParameter(name, type_name, raw.get("DefaultValue"), tuple(raw.get("EnumValues", ())))
    if parameter.default is not None:
        parameter.convert(parameter.default)
    return parameter


def bind(parameters: Mapping[str, PipelineParameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """The value of every parameter of one execution.

    Raises:
        ValueError: unknown, missing or wrong ones, a line each.
    """
    wrong = [f"pipeline has no parameter {name}" for name in sorted(given.keys() - parameters.keys())]
    values: dict[str, Any] = {}
    for name, parameter in parameters.items():
        raw = given.get(name, parameter.default)
        if raw is None:
            wrong.append(f"parameter {name} has no default and must be given")
            continue
        wrong.extend(_bind_one(parameter, raw, values))
    if wrong:
        raise ValueError("\n".join(wrong))
    return values


def _bind_one(parameter: PipelineParameter, raw: Any, values: dict[str, Any]) -> Iterator[str]:
    try:
        values[parameter.name] = parameter.convert(raw)
    except ValueError as exc:
        yield str(exc)
