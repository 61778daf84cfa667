"""An asynchronous endpoint's queue: what becomes of each request, whatever happens to the fleets."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.endpoints.request_queue import AsyncRequest
from tests.rehearsal.endpoints.account import Account, Objects, canary, until

QUEUE = {
    "OutputConfig": {
        "S3OutputPath": "s3://out/responses",
        "S3FailurePath": "s3://out/failures",
        "NotificationConfig": {"SuccessTopic": "good", "ErrorTopic": "bad"},
    }
}


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    made = Account(tmp_path, queue=QUEUE)
    yield made
    made.fleets.close()


@pytest.fixture
def objects(account: Account) -> Objects:
    return account.bucket


def ask(account: Account, *names: str, **given: Any) -> None:
    for name in names:
        request = AsyncRequest("text/csv", "text/csv", f"s3://in/{name}", inference_id=name, **given)
        account.fleets.enqueue("shop", request)


def scale(account: Account, instances: int) -> None:
    account.fleets.set_weights("shop", [{"VariantName": "primary", "DesiredInstanceCount": instances}])
    until(lambda: account.settled()["ProductionVariants"][0]["CurrentInstanceCount"] == instances)


def metrics(account: Account) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for datum in account.data:
        found.setdefault(datum["MetricName"], []).extend(datum.get("Values") or [datum["Value"]])
    return found


def test_each_request_ends_with_a_response_or_a_failure_and_one_notice(account: Account, objects: Objects) -> None:
    account.create("blue")
    ask(account, "one", "gone")
    until(lambda: len(objects.notices) == 2)
    assert objects.written.keys() == {"s3://out/responses/one.out", "s3://out/failures/gone-error.out"}
    assert b'"got": "one"' in objects.written["s3://out/responses/one.out"]
    notices = dict(objects.notices)
    assert (notices["good"]["invocationStatus"], notices["good"]["inferenceId"]) == ("Completed", "one")
    assert notices["good"]["responseParameters"]["outputLocation"] == "s3://out/responses/one.out"
    assert (notices["bad"]["invocationStatus"], notices["bad"]["inferenceId"]) == ("Failed", "gone")


def test_it_publishes_what_asynchronous_endpoints_do_and_no_invocations(account: Account, objects: Objects) -> None:
    account.create("blue")
    ask(account, "one", "gone")
    until(lambda: {"InvocationFailures", "Invocation5XXErrors"} <= metrics(account).keys())
    found = metrics(account)
    assert {"Invocation5XXErrors", "ModelLatency", "InvocationsProcessed", "ApproximateBacklogSize"} <= found.keys()
    assert not {"Invocations", "InvocationsPerInstance", "InvocationModelErrors", "OverheadLatency"} & found.keys()
    assert sum(found["InvocationFailures"]) == 1


def test_a_request_that_its_server_dies_with_is_not_tried_again(account: Account, objects: Objects) -> None:
    account.create("blue")
    ask(account, "die")
    until(lambda: bool(objects.notices))
    assert [topic for topic, _ in objects.notices] == ["bad"]
    assert "server error (0)" in objects.written["s3://out/failures/die-error.out"].decode()


def test_without_instances_requests_wait_for_one_or_expire(account: Account, objects: Objects) -> None:
    account.create("blue")
    scale(account, 0)
    ask(account, "late", ttl_seconds=60)
    ask(account, "patient")
    until(lambda: 1.0 in metrics(account).get("HasBacklogWithoutCapacity", ()))
    until(lambda: bool(objects.notices))
    assert "expired" in objects.written["s3://out/failures/late-error.out"].decode()
    scale(account, 1)
    until(lambda: "s3://out/responses/patient.out" in objects.written)


def test_the_queue_outlives_a_fleet_whose_controllers_die_in_every_state(account: Account, objects: Objects) -> None:
    account.create("blue")
    account.alarms["errors"] = "OK"
    account.watcher = lambda event: (
        os.kill(account.controller_pid(), signal.SIGKILL) if event in ("Shifting", "Baking", "Terminating") else None
    )
    names = [f"{number:03d}" for number in range(200)]
    ask(account, *names[:100])
    account.update("green", canary("errors"))
    ask(account, *names[100:])
    account.settled(60)
    ask(account, "last")
    until(lambda: len(objects.written) == len(names) + 1)
    assert {uri.partition("responses/")[2] for uri in objects.written} == {f"{name}.out" for name in (*names, "last")}
    assert b'"model": "green"' in objects.written["s3://out/responses/last.out"]
    assert account.describe()["EndpointConfigName"] == "green"


def test_beside_a_fleet_without_instances_the_canary_takes_all_and_can_be_rolled_back(
    account: Account, objects: Objects
) -> None:
    account.create("blue")
    scale(account, 0)
    account.alarms["errors"] = "OK"
    account.update("green", canary("errors", wait=3600))
    ask(account, *(f"{number}" for number in range(20)))
    until(lambda: len(objects.written) == 20)
    assert all(b'"model": "green"' in content for content in objects.written.values())
    account.alarms["errors"] = "ALARM"
    settled = account.settled()
    assert (settled["EndpointStatus"], settled["EndpointConfigName"]) == ("InService", "blue")


def test_it_takes_no_request_that_waits_for_its_response(account: Account) -> None:
    account.create("blue")
    with pytest.raises(ValueError, match="takes InvokeEndpointAsync alone"):
        account.ask()
