"""The users of an asynchronous endpoint: they ask, and look into S3 for what came of it."""

from collections.abc import Iterator
from typing import Any

from rehearsal.endpoints.queue_load import QueueLoad
from tests.rehearsal.cloud.process import eventually
from tests.rehearsal.endpoints.test_load_generator import KEY, Endpoint, endpoint

__all__ = ["endpoint"]


class Bucket:
    """Lists what the endpoint has answered: each third request has failed, and of the sixth nothing is ever there."""

    def __init__(self, server: Endpoint) -> None:
        self.server, self.inputs = server, dict[str, bytes]()

    def put_object(self, *, Key: str, Body: bytes, **_: str) -> None:  # noqa: N803
        self.inputs[Key] = Body

    def get_paginator(self, _operation: str) -> "Bucket":
        return self

    def paginate(self, *, Prefix: str, StartAfter: str, **_: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        folder, _, run = Prefix.rpartition("/")
        failures = folder.endswith("failure")
        answered = len(self.server.seen) if self.server.status == 202 else 0
        keys = [
            f"{folder}/{run}-{number:09d}{'-error' if failures else ''}.out"
            for number in range(answered)
            if number != 5 and (number % 3 == 2) == failures
        ]
        yield {"Contents": [{"Key": key} for key in keys if key > StartAfter]}


def test_a_request_ends_with_its_object_and_one_without_any_was_dropped(endpoint: Endpoint) -> None:
    endpoint.status = 202
    bucket = Bucket(endpoint)
    users = QueueLoad(
        endpoint.url, "shop", [b"1", b"2"], "text/csv", 100, key=KEY, s3=bucket, bucket="b", patience_seconds=0
    )
    users.start()
    eventually(lambda: users.snapshot().sent >= 12)
    users.stop()
    found = users.snapshot()
    assert sorted(bucket.inputs.values()) == [b"1", b"2"]
    assert {path for path, _, _ in endpoint.seen} == {"/endpoints/shop/async-invocations"}
    assert (found.failed, found.dropped, found.in_flight) == (found.sent // 3 - 1, 1, 0)


def test_a_request_that_is_not_accepted_has_failed(endpoint: Endpoint) -> None:
    endpoint.status = 400
    users = QueueLoad(endpoint.url, "shop", [b"1"], "text/csv", 100, key=KEY, s3=Bucket(endpoint), bucket="b")
    users.start()
    eventually(lambda: users.snapshot().failed >= 3)
    users.stop()
    assert users.snapshot().dropped == 0
