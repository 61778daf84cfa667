"""How often CDK's process is asked: each time takes about a millisecond, of which a further use case is made."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from jsii._kernel.providers.process import _NodeProcess

from infra.shared.once import asked_once, days
from infra.stages import UseCaseStacks, use_case_stacks
from slipway.settings import Settings


@asked_once("key_arn")
class Key(kms.Key):
    """Has its ARN remembered."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The kinds of requests to CDK's process from now on."""
    kinds: list[str] = []
    send = _NodeProcess.send

    def counted(process: _NodeProcess, request: Any, response_type: Any) -> Any:
        kinds.append(type(request).__name__)
        return send(process, request, response_type)

    monkeypatch.setattr(_NodeProcess, "send", counted)
    return kinds


def test_a_further_use_case_asks_a_bounded_number_of_times(
    unfinished: UseCaseStacks, settings: Settings, steps_folder: Path, asked: list[str]
) -> None:
    app = cdk.Stage.of(unfinished.storage)
    assert app is not None
    asked.clear()
    use_case_stacks(app, settings.model_copy(update={"name": "further"}), steps_folder=steps_folder)
    assert 100 < len(asked) <= 240


def test_an_attribute_is_asked_for_once_an_object(asked: list[str]) -> None:
    stack = cdk.Stack()
    one, other = Key(stack, "One"), Key(stack, "Other")
    asked.clear()
    assert one.key_arn == one.key_arn
    assert len(asked) == 1
    assert one.key_arn != other.key_arn


def test_a_remembered_attribute_is_the_one_that_cdk_knows() -> None:
    stack = cdk.Stack()
    remembered, plain = Key(stack, "Remembered"), kms.Key(stack, "Plain")
    found, expected = (stack.resolve(key.key_arn) for key in (remembered, plain))
    assert found == {"Fn::GetAtt": [stack.get_logical_id(_resource(remembered)), "Arn"]}
    assert expected == {"Fn::GetAtt": [stack.get_logical_id(_resource(plain)), "Arn"]}


def _resource(key: kms.Key) -> cdk.CfnElement:
    resource = key.node.default_child
    assert isinstance(resource, cdk.CfnElement)
    return resource


def test_a_duration_is_made_once(asked: list[str]) -> None:
    days(41)
    asked.clear()
    assert days(41).to_days() == 41
    assert asked == ["InvokeRequest"]
