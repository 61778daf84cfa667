"""The function behind the custom resource."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from infra.image.runtime.image_build import index


class ImageNotFoundException(Exception):  # noqa: N818 — botocore's name
    pass


class Registry:
    """An ECR with one repository."""

    exceptions = SimpleNamespace(ImageNotFoundException=ImageNotFoundException)

    def __init__(self, *tags: str) -> None:
        self.tags = tags

    def describe_images(self, *, repositoryName: str, imageIds: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        assert repositoryName == "steps"
        if imageIds[0]["imageTag"] not in self.tags:
            raise ImageNotFoundException
        return {}


class Builds:
    """A CodeBuild whose one build goes through `statuses`."""

    def __init__(self, *statuses: str, phases: list[dict[str, Any]] | None = None) -> None:
        self.statuses = list(statuses)
        self.phases = phases or []
        self.started: list[dict[str, Any]] = []

    def start_build(self, **request: Any) -> dict[str, Any]:
        self.started.append(request)
        return {"build": {"id": "project:1"}}

    def batch_get_builds(self, *, ids: list[str]) -> dict[str, Any]:
        status = self.statuses.pop(0)
        return {
            "builds": [
                {"id": ids[0], "buildStatus": status, "phases": self.phases, "logs": {"deepLink": "https://log"}}
            ]
        }


def ensure(registry: Registry, builds: Builds, *, remaining_ms: int = 600_000) -> None:
    index.ensure_image(
        registry,
        builds,
        repository="steps",
        tag="abc",
        project="project",
        remaining_ms=lambda: remaining_ms,
        poll_seconds=0,
    )


def test_an_image_that_exists_is_not_built_again() -> None:
    builds = Builds()
    ensure(Registry("abc"), builds)
    assert builds.started == []


def test_a_missing_image_is_built_with_its_tag_and_waited_for() -> None:
    builds = Builds("IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED")
    ensure(Registry("other"), builds)
    assert builds.started == [
        {
            "projectName": "project",
            "environmentVariablesOverride": [{"name": "IMAGE_TAG", "value": "abc", "type": "PLAINTEXT"}],
        }
    ]
    assert builds.statuses == []


def test_a_failed_build_is_reported_with_its_reason_and_its_log() -> None:
    phases = [
        {"phaseType": "INSTALL", "phaseStatus": "SUCCEEDED", "contexts": [{"message": ""}]},
        {"phaseType": "BUILD", "phaseStatus": "FAILED", "contexts": [{"message": "docker build: exit status 1"}]},
        {"phaseType": "COMPLETED"},
    ]
    with pytest.raises(index.BuildError, match="FAILED; BUILD: docker build: exit status 1; https://log"):
        ensure(Registry(), Builds("FAILED", phases=phases))


def test_a_build_that_takes_too_long_is_an_error_before_the_function_is_cut_off() -> None:
    with pytest.raises(index.BuildError, match="has not ended in time; see https://log"):
        ensure(Registry(), Builds("IN_PROGRESS"), remaining_ms=19_000)


class _Answers(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.answers.append((self.headers["Content-Type"], json.loads(self.rfile.read(length))))  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def cloudformation() -> Iterator[HTTPServer]:
    """Takes the answers a custom resource gives."""
    server = HTTPServer(("127.0.0.1", 0), _Answers)
    server.answers = []  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def event(server: HTTPServer, type_: str) -> dict[str, Any]:
    return {
        "RequestType": type_,
        "ResponseURL": f"http://127.0.0.1:{server.server_port}/answer",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "ImageBuild",
        "ResourceProperties": {"RepositoryName": "steps", "ImageTag": "abc", "ProjectName": "project"},
    }


Run = Callable[..., tuple[str, dict[str, Any]]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, cloudformation: HTTPServer) -> Run:
    """Handle a request of CloudFormation; gives the content type of the response, and the response."""

    def handle(type_: str, **clients: Any) -> tuple[str, dict[str, Any]]:
        monkeypatch.setattr(boto3, "client", clients.__getitem__)
        context = SimpleNamespace(get_remaining_time_in_millis=lambda: 600_000)
        index.handler(event(cloudformation, type_), context)
        (answer,) = cloudformation.answers  # type: ignore[attr-defined]
        return answer

    return handle


def test_cloudformation_gets_a_response_on_success(run: Run) -> None:
    content_type, answer = run("Create", ecr=Registry(), codebuild=Builds("SUCCEEDED"))
    assert (answer["Status"], answer["PhysicalResourceId"], content_type) == ("SUCCESS", "steps:abc", "")


def test_cloudformation_gets_a_response_on_failure(run: Run) -> None:
    _, answer = run("Update", ecr=Registry(), codebuild=object())
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("AttributeError: ")


class AccountLimitExceededException(Exception):  # noqa: N818 — botocore's name
    pass


def test_a_quota_of_no_builds_is_reported_with_the_next_step(run: Run) -> None:
    def start_build(**_: Any) -> None:
        raise AccountLimitExceededException("Cannot have more than 0 builds in queue for the account")

    _, answer = run("Create", ecr=Registry(), codebuild=SimpleNamespace(start_build=start_build))
    assert answer["Reason"] == (
        "AccountLimitExceededException: Cannot have more than 0 builds in queue for the account; `slipway quotas` "
        "shows what is missing"
    )


def test_a_deletion_builds_nothing(run: Run) -> None:
    assert run("Delete")[1]["Status"] == "SUCCESS"
