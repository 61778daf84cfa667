"""Steps as a Lambda durable function has them: checkpointed, replayed when it is resumed, and waits without compute."""

from collections.abc import Callable
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision
from botocore.exceptions import BotoCoreError, ClientError

from slipway.rollout.steps import RolloutStep

from .run import CallError, Result, State

_ONCE = StepConfig(retry_strategy=RetryPresets.none())
"""Refused calls are results, and botocore has tried again already; what is left is a fault of the program."""


class DurableSteps:
    def __init__(self, context: DurableContext) -> None:
        self._context = context
        self._operation = 0

    @property
    def execution(self) -> str:
        return str(self._context.execution_context.durable_execution_arn)

    @property
    def operation(self) -> int:
        return self._operation

    def do(self, name: RolloutStep, act: Callable[[], Result]) -> Result:
        self._operation += 1
        result: Result = _result(self._context.step(lambda _: _caught(act), name=name.value, config=_ONCE))
        return result

    def poll(
        self, name: RolloutStep, check: Callable[[State], State], start: State, pause: Callable[[State], float | None]
    ) -> State:
        self._operation += 1

        def decide(found: State, _attempt: int) -> WaitForConditionDecision:
            seconds = None if "code" in found else pause(found["result"])
            if seconds is None:
                return WaitForConditionDecision.stop_polling()
            return WaitForConditionDecision.continue_waiting(Duration.from_seconds(seconds))

        config = WaitForConditionConfig(wait_strategy=decide, initial_state={"result": start})
        last = self._context.wait_for_condition(
            lambda before, _: _caught(lambda: check(before["result"])), config, name=name.value
        )
        state: State = _result(last)
        return state

    def wait(self, name: RolloutStep, seconds: float) -> None:
        self._operation += 1
        self._context.wait(Duration.from_seconds(seconds), name=name.value)


def _caught(act: Callable[[], Any]) -> State:
    try:
        return {"result": act()}
    except ClientError as exc:
        error = exc.response["Error"]
        return {"code": error["Code"], "message": error.get("Message", "")}
    except BotoCoreError as exc:
        return {"code": type(exc).__name__, "message": str(exc)}
    except CallError as exc:
        return {"code": exc.code, "message": exc.message}


def _result(found: State) -> Any:
    if "code" in found:
        raise CallError(found["code"], found["message"])
    return found["result"]
