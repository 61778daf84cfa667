"""An execution's current step, from a history that Lambda gives."""

from types import SimpleNamespace
from typing import Any

from slipway.operations import executions
from slipway.rollout.steps import RolloutStep


def test_names_that_are_no_step_of_this_version_are_left_out() -> None:
    names = ("a step of an earlier version", RolloutStep.GATES.value, None, "approval-0123456789abcdef")
    history: dict[str, Any] = {"Events": [{"Name": name} if name else {} for name in names]}
    client = SimpleNamespace(get_durable_execution_history=lambda **_: history)
    stage: Any = SimpleNamespace(client=lambda _: client)
    execution: Any = SimpleNamespace(arn="arn")
    assert executions.step_of(stage, execution) is RolloutStep.GATES
