"""The function that invokes the endpoint after a rollout."""

import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.rollout.runtime.smoke_test import index
from slipway.rollout.own_server import OwnServer
from tests.archives import archive_of
from tests.tiny_artifacts import NAMES, tiny_model

CONTRACT = {
    "columns": [
        {"name": "Pages", "kind": "number", "min": 0.0, "max": 3.0, "missing": False},
        {"name": "Month", "kind": "category", "categories": ["Nov, late", "May"], "missing": False},
        {"name": "Unknown", "kind": "number", "min": None, "max": None, "missing": True},
    ],
    "classes": ["FALSE", "TRUE"],
    "output": {"name": "score"},
}


def artifact(**files: Any) -> bytes:
    return archive_of({f"{name}.json": content for name, content in files.items()})


class Bucket:
    def __init__(self, body: bytes) -> None:
        self.body = body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key) == ("artifacts", "pipeline/models/model.tar.gz")
        return {"Body": io.BytesIO(self.body)}


class Endpoint:
    """Gives one answer an invocation, or raises it."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.rows: list[str] = []

    def invoke_endpoint(self, *, EndpointName: str, Body: bytes, **_: str) -> dict[str, Any]:  # noqa: N803
        assert EndpointName == "shoppers-dev"
        self.rows.append(Body.decode())
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"Body": io.BytesIO(answer)}


MODEL_ERROR = ClientError({"Error": {"Code": "ModelError", "Message": "received 500 from primary"}}, "InvokeEndpoint")


def smoke(endpoint: Endpoint, body: bytes | None = None) -> dict[str, Any]:
    bucket = Bucket(artifact(contract=CONTRACT) if body is None else body)
    container = {"ModelDataUrl": "s3://artifacts/pipeline/models/model.tar.gz"}
    event = {"EndpointName": "shoppers-dev", "Container": container}
    return index.smoke_test(event, s3=bucket, runtime=endpoint, pause_seconds=0)


def test_a_probability_passes() -> None:
    endpoint = Endpoint(b"0.25\n")
    assert smoke(endpoint) == {"passed": True, "ran": True, "reason": "the endpoint answered 0.25"}


def test_the_row_lies_in_the_middle_of_the_contract() -> None:
    endpoint = Endpoint(b"0.25")
    smoke(endpoint)
    assert endpoint.rows == ['1.5,"Nov, late",0\r\n']


def test_one_bad_answer_is_forgiven() -> None:
    assert smoke(Endpoint(MODEL_ERROR, b"0.5"))["passed"] is True


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (MODEL_ERROR, "received 500 from primary"),
        (b"nan", "the score must be in 0..1, got nan"),
        (b"1.5", "the score must be in 0..1, got 1.5"),
        (b"<html>", "the endpoint must answer one line of numbers, got '<html>'"),
    ],
)
def test_bad_answers_in_a_row_fail_with_the_reason(answer: bytes | Exception, reason: str) -> None:
    outcome = smoke(Endpoint(*[answer] * index.ATTEMPTS))
    assert (outcome["passed"], outcome["ran"]) == (False, True)
    assert reason in outcome["reason"]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ServiceUnavailable"])
def test_a_call_that_aws_refuses_is_no_fault_of_the_model(code: str) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "no"}}, "InvokeEndpoint")
    outcome = smoke(Endpoint(*[refused] * index.ATTEMPTS))
    assert (outcome["passed"], outcome["ran"]) == (False, False)
    assert code in outcome["reason"]


@pytest.mark.parametrize("problem", NAMES)
def test_the_answer_of_every_kind_of_model_passes(problem: str) -> None:
    model = tiny_model(problem)
    (line, *_) = model.contract.responder.csv_lines(model.outputs)
    assert smoke(Endpoint(line.encode()), archive_of(model.artifact.files))["passed"] is True


@pytest.mark.parametrize(
    ("problem", "answer", "reason"),
    [
        ("multiclass", b"gift,0.5,0.5,0.3,0.2", "the label must be one of the contract's 3, got 'gift'"),
        ("multiclass", b"keep,1.5,0.5,0.3,0.2", "the scores must be in 0..1, got keep,1.5"),
        ("regression", b"inf", "the value must be in -inf..inf, got inf"),
        ("clustering", b"0,-2", "the distances must be in 0..inf, got 0,-2"),
        ("anomaly", b"0.5\n0.5", "the endpoint must answer one line of numbers"),
    ],
)
def test_an_answer_that_is_none_of_the_kind_of_model_fails(problem: str, answer: bytes, reason: str) -> None:
    outcome = smoke(Endpoint(*[answer] * index.ATTEMPTS), archive_of(tiny_model(problem).artifact.files))
    assert outcome["passed"] is False
    assert reason in outcome["reason"]


@pytest.mark.parametrize("body", [b"no archive", artifact(metrics={})])
def test_an_artifact_without_a_contract_fails(body: bytes) -> None:
    outcome = smoke(Endpoint(), body)
    assert outcome["passed"] is False
    assert "must be a model artifact with a contract.json" in outcome["reason"]


def test_a_package_without_an_artifact_fails() -> None:
    event = {"EndpointName": "shoppers-dev", "Container": {"Image": "x"}}
    outcome = index.smoke_test(event, s3=None, runtime=None)
    assert outcome == {
        "passed": False,
        "ran": True,
        "reason": "the model package must name its artifact by ModelDataUrl, got none",
    }


PROFILE = {
    "columns": [
        {"name": "Pages", "kind": "number", "median": 2.5},
        {"name": "Month", "kind": "category", "top": [{"value": "Nov, late", "count": 9}]},
        {"name": "Empty", "kind": "number"},
    ]
}
OWN = OwnServer("application/json", '{"rows": [$row]}', "application/json", pointer="/scores/0")


class Profiled:
    """A bucket with the profile of the training data, beside an archive that only its own server can read."""

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert (Bucket, Key) == ("artifacts", "pipeline/prepare/profile.json")
        return {"Body": io.BytesIO(json.dumps(PROFILE).encode())}


def smoke_own(answer: bytes) -> tuple[dict[str, Any], list[str]]:
    endpoint = Endpoint(*[answer] * index.ATTEMPTS)
    event = {"EndpointName": "shoppers-dev", "Container": {}, "Profile": "s3://artifacts/pipeline/prepare/profile.json"}
    return index.smoke_test(event, s3=Profiled(), runtime=endpoint, own=OWN, pause_seconds=0), endpoint.rows


def test_a_server_of_the_users_own_gets_a_typical_row_of_the_training_data_and_must_give_a_number() -> None:
    outcome, sent = smoke_own(b'{"scores": [0.5]}')
    assert outcome["passed"] is True
    assert json.loads(sent[0]) == {"rows": [{"Pages": 2.5, "Month": "Nov, late", "Empty": 0.0}]}


def test_an_answer_of_such_a_server_without_the_number_fails() -> None:
    outcome, _ = smoke_own(b'{"scores": []}')
    assert (outcome["passed"], outcome["ran"]) == (False, True)
    assert "/scores/0 must lead to the number" in outcome["reason"]


class Queue(Bucket):
    """S3 and the runtime of an asynchronous endpoint, which gives `response` or `failure` at the third look."""

    def __init__(self, *, response: bytes | None = None, failure: bytes | None = None) -> None:
        super().__init__(artifact(contract=CONTRACT))
        self.results = {"out": response, "failed": failure}
        self.put: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.looks = 0

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.put[f"s3://{Bucket}/{Key}"] = Body

    def invoke_endpoint_async(self, *, InputLocation: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.asked.append(InputLocation)
        return {"OutputLocation": "s3://artifacts/out", "FailureLocation": "s3://artifacts/failed"}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if Key not in self.results:
            return super().get_object(Bucket=Bucket, Key=Key)
        self.looks += 1
        found = self.results[Key]
        if found is None or self.looks < 3:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no"}}, "GetObject")
        return {"Body": io.BytesIO(found)}

    def smoke(self, *, seconds: float = 60) -> dict[str, Any]:
        container = {"ModelDataUrl": "s3://artifacts/pipeline/models/model.tar.gz"}
        event = {"EndpointName": "shoppers-dev", "Container": container}
        queue = index.InputFolder("s3://artifacts/asynchronous/input", longest_seconds=seconds, poll_seconds=0)
        return index.smoke_test(event, s3=self, runtime=self, queue=queue, pause_seconds=0)


def test_a_row_goes_through_the_queue_of_an_asynchronous_endpoint() -> None:
    queue = Queue(response=b"0.25\n")
    assert queue.smoke() == {"passed": True, "ran": True, "reason": "the endpoint answered 0.25"}
    assert queue.put == {queue.asked[0]: b'1.5,"Nov, late",0\r\n'}
    assert queue.asked[0].startswith("s3://artifacts/asynchronous/input/smoke-test/")


def test_a_failure_in_the_queue_is_the_models() -> None:
    outcome = Queue(failure=b"Received server error (500)").smoke()
    assert (outcome["passed"], outcome["ran"], outcome["reason"]) == (False, True, "Received server error (500)")


def test_a_queue_that_nobody_works_on_says_nothing_about_the_model() -> None:
    outcome = Queue().smoke(seconds=0)
    assert (outcome["passed"], outcome["ran"]) == (False, False)
