"""Values that are known to a pipeline execution alone, as the definition JSON writes them."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


class Reference(ABC):
    """Something SageMaker replaces by a value while the pipeline runs."""

    @abstractmethod
    def expression(self) -> dict[str, Any]:
        """The JSON that stands for the value."""


Text = str | Reference
Number = int | float | Reference


@dataclass(frozen=True)
class Get(Reference):
    """One value by its path: `Steps.…`, `Parameters.…` or `Execution.…`."""

    path: str

    def expression(self) -> dict[str, Any]:
        return {"Get": self.path}


@dataclass(frozen=True)
class Join(Reference):
    """A string of several parts; a number among them becomes text."""

    values: tuple[Text, ...]
    on: str = ""

    def expression(self) -> dict[str, Any]:
        return {"Std:Join": {"On": self.on, "Values": encode(self.values)}}


@dataclass(frozen=True)
class JsonGet(Reference):
    """A value inside a property file that a processing step wrote."""

    step: str
    property_file: str
    path: str

    def expression(self) -> dict[str, Any]:
        file = Get(f"Steps.{self.step}.PropertyFiles.{self.property_file}")
        return {"Std:JsonGet": {"PropertyFile": file.expression(), "Path": self.path}}


@dataclass(frozen=True)
class Parameter(Reference):
    """What may differ from one execution to the next; without a default every start must give it."""

    name: str
    default: str | float | None = None
    type: Literal["String", "Integer", "Float", "Boolean"] = "String"
    allowed: tuple[str, ...] = ()

    def expression(self) -> dict[str, Any]:
        return {"Get": f"Parameters.{self.name}"}

    def declaration(self) -> dict[str, Any]:
        declared: dict[str, Any] = {"Name": self.name, "Type": self.type}
        if self.default is not None:
            declared["DefaultValue"] = self.default
        return declared | ({"EnumValues": list(self.allowed)} if self.allowed else {})


PIPELINE_NAME = Get("Execution.PipelineName")
EXECUTION_ID = Get("Execution.PipelineExecutionId")
EXECUTION_ARN = Get("Execution.PipelineExecutionArn")


def as_text(value: Reference) -> Join:
    """The text of a value that may be a number, for a field that takes strings only."""
    return Join((value,))


def encode(value: Any) -> Any:
    """Replace every reference inside `value` by its expression; tuples become lists."""
    if isinstance(value, Reference):
        return value.expression()
    if isinstance(value, Mapping):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value
