"""How long the smoke test waits for an endpoint: a serverless one has to start, another one does not."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from slipway.endpoint_kinds import SERVERLESS
from slipway.operations.smoke_function import SmokeResult, invoke_smoke_test
from slipway.settings import Settings, load_settings
from slipway.settings.names import Names

PACKAGE = "arn:aws:sagemaker:us-east-1:000000000000:model-package/shoppers-dev/3"
COLD = {"passed": False, "reason": "the model is not ready"}
WARM = {"passed": True, "reason": "the endpoint answered 0.25"}
RAISED = {"errorType": "ValueError", "errorMessage": "two\nlines", "passed": True, "reason": ""}


@dataclass
class Stage:
    """A stage whose function returns one of `responses` a call, the last one for ever."""

    settings: Settings
    responses: tuple[Any, ...]
    payloads: list[dict[str, Any]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def names(self) -> Names:
        return self.settings.names

    def client(self, _service: str, *, read_timeout: float = 60) -> "Stage":
        assert read_timeout > 0
        return self

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        assert ModelPackageName == PACKAGE
        return {"InferenceSpecification": {"Containers": [{"ModelDataUrl": "s3://artifacts/model.tar.gz"}]}}

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803
        assert FunctionName == "shoppers-dev-smoke-test"
        response = self.responses[min(len(self.payloads), len(self.responses) - 1)]
        self.payloads.append(json.loads(Payload))
        failed = {"FunctionError": "Unhandled"} if response is RAISED else {}
        return {"Payload": io.BytesIO(json.dumps(response).encode()), **failed}

    def smoke_test(self) -> SmokeResult:
        return invoke_smoke_test(self, PACKAGE, sleep=self.waits.append)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(Path(__file__).parents[3] / "config" / "shoppers.toml", "dev")


@pytest.fixture(scope="module")
def serverless(settings: Settings) -> Settings:
    endpoint = settings.endpoint.model_copy(update={"kind": "serverless"})
    return settings.model_copy(update={"endpoint": endpoint})


def test_the_function_gets_the_endpoint_and_the_models_artifact(settings: Settings) -> None:
    stage = Stage(settings, (WARM,))
    assert stage.smoke_test() == SmokeResult(passed=True, reason="the endpoint answered 0.25")
    assert stage.payloads == [
        {"EndpointName": "shoppers-dev", "Container": {"ModelDataUrl": "s3://artifacts/model.tar.gz"}}
    ]


def test_a_serverless_endpoint_may_start_first(serverless: Settings) -> None:
    stage = Stage(serverless, (COLD, COLD, WARM))
    assert stage.smoke_test().passed
    assert len(stage.waits) == 2


def test_a_serverless_endpoint_that_never_starts_fails_in_the_end(serverless: Settings) -> None:
    stage = Stage(serverless, (COLD,))
    assert stage.smoke_test() == SmokeResult(passed=False, reason="the model is not ready")
    assert 0.5 * SERVERLESS.start_seconds < sum(stage.waits) <= SERVERLESS.start_seconds


def test_the_function_of_an_endpoint_with_instances_is_invoked_once(settings: Settings) -> None:
    stage = Stage(settings, (COLD, WARM))
    assert not stage.smoke_test().passed
    assert stage.waits == []


def test_a_reason_is_one_line(settings: Settings) -> None:
    stage = Stage(settings, ({"passed": False, "reason": "two\nlines\n" + "x" * 1000},))
    reason = stage.smoke_test().reason
    assert reason.startswith("two lines x")
    assert len(reason) == 300


def test_a_function_that_fails_is_reported(settings: Settings) -> None:
    result = Stage(settings, (RAISED,)).smoke_test()
    assert not result.passed
    assert result.reason.startswith('function shoppers-dev-smoke-test failed: {"errorType": "ValueError"')


@pytest.mark.parametrize("response", ["yes", {"passed": True}, ["passed"], None])
def test_a_function_that_returns_no_result_fails(settings: Settings, response: Any) -> None:
    result = Stage(settings, (response,)).smoke_test()
    assert not result.passed
    assert "function shoppers-dev-smoke-test must return whether the test passed, got" in result.reason


def test_only_true_is_passed(settings: Settings) -> None:
    result = Stage(settings, ({"passed": "false", "reason": "not true"},)).smoke_test()
    assert result == SmokeResult(passed=False, reason="not true")
