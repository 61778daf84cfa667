"""The steps that decide: a condition with two branches, and the failure with its reason."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from slipway.training.references import Number, Text
from slipway.training.step import Step


@dataclass(frozen=True)
class Condition:
    """A comparison; every condition of a step must be true."""

    type: Literal["Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]
    left: Number | Text
    right: Number | Text

    def request(self) -> dict[str, Any]:
        return {"Type": self.type, "LeftValue": self.left, "RightValue": self.right}


@dataclass(frozen=True, kw_only=True)
class ConditionStep(Step):
    type: ClassVar[str] = "Condition"

    conditions: tuple[Condition, ...]
    if_steps: tuple[Step, ...] = ()
    else_steps: tuple[Step, ...] = ()

    def arguments(self) -> dict[str, Any]:
        return {
            "Conditions": [condition.request() for condition in self.conditions],
            "IfSteps": [step.definition() for step in self.if_steps],
            "ElseSteps": [step.definition() for step in self.else_steps],
        }


@dataclass(frozen=True, kw_only=True)
class FailStep(Step):
    """Ends the execution as Failed, with this message as its reason."""

    type: ClassVar[str] = "Fail"

    error_message: Text

    def arguments(self) -> dict[str, Any]:
        return {"ErrorMessage": self.error_message}
