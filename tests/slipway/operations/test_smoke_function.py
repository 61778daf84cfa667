"""How long an endpoint is waited for: a serverless one has to start, another one does not."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from slipway.operations.smoke_function import PATIENCE_SECONDS, Answer, ask
from slipway.settings import Settings, load_settings
from slipway.settings.serverless import Serverless

PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/3"
COLD = {"passed": False, "reason": "the model is not ready"}
WARM = {"passed": True, "reason": "the endpoint answered 0.25"}


class Deployed:
    """An account whose function answers one of `answers` a call, the last one for ever."""

    def __init__(self, settings: Settings, *answers: dict[str, Any]) -> None:
        self.settings, self.answers = settings, answers
        self.asked: list[dict[str, Any]] = []
        self.paused: list[float] = []

    def client(self, _service: str, *, read_timeout: float = 60) -> "Deployed":
        assert read_timeout > 0
        return self

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        assert ModelPackageName == PACKAGE
        return {"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://artifacts/model.tar.gz"}]}}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "shoppers-dev-smoke-test"
        answer = self.answers[min(len(self.asked), len(self.answers) - 1)]
        self.asked.append(json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def ask(self) -> Answer:
        return ask(self, PACKAGE, pause=self.paused.append)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(Path(__file__).parents[3] / "config" / "shoppers.toml", "dev")


@pytest.fixture(scope="module")
def serverless(settings: Settings) -> Settings:
    endpoint = settings.endpoint.model_copy(update={"serverless": Serverless(memory_mb=2048)})
    return settings.model_copy(update={"endpoint": endpoint})


def test_the_function_is_told_the_endpoint_and_the_models_artifact(settings: Settings) -> None:
    account = Deployed(settings, WARM)
    assert account.ask() == Answer(passed=True, reason="the endpoint answered 0.25")
    assert account.asked == [
        {"EndpointName": "shoppers-dev", "Container": {"ModelDataUrl": "s3://artifacts/model.tar.gz"}}
    ]


def test_a_serverless_endpoint_may_start_first(serverless: Settings) -> None:
    account = Deployed(serverless, COLD, COLD, WARM)
    assert account.ask().passed
    assert len(account.paused) == 2


def test_a_serverless_endpoint_that_never_starts_is_given_up(serverless: Settings) -> None:
    account = Deployed(serverless, COLD)
    assert account.ask() == Answer(passed=False, reason="the model is not ready")
    assert 0.5 * PATIENCE_SECONDS < sum(account.paused) <= PATIENCE_SECONDS


def test_an_endpoint_of_instances_is_asked_once(settings: Settings) -> None:
    account = Deployed(settings, COLD, WARM)
    assert not account.ask().passed
    assert account.paused == []


def test_a_reason_is_one_line(settings: Settings) -> None:
    account = Deployed(settings, {"passed": False, "reason": "two\nlines\n" + "x" * 1000})
    told = account.ask().reason
    assert told.startswith("two lines x")
    assert len(told) == 300
