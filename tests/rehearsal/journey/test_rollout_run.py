"""What is known about a rollout that was cut off."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from rehearsal.access_key import AccessKey
from rehearsal.endpoints.load_generator import LoadGenerator
from rehearsal.journey.rollout_result import LaunchTarget, RolloutResult
from rehearsal.journey.rollout_run import roll_out
from rehearsal.process import free_port
from tests.rehearsal.cloud.process import eventually


class EndingAws:
    """Accepts the approval, and ends after some requests."""

    def __init__(self, traffic: LoadGenerator, error: BaseException) -> None:
        self._traffic, self._error = traffic, error

    def client(self, _service: str) -> Any:
        return self

    def update_model_package(self, **_: Any) -> None:
        self._traffic.start()

    def get_paginator(self, _operation: str) -> None:
        eventually(lambda: self._traffic.snapshot().dropped > 2)
        raise self._error


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), EndpointConnectionError(endpoint_url="http://127.0.0.1:1")], ids=["Ctrl-C", "killed"]
)
def test_what_the_users_got_is_counted_and_what_they_met_stays_unknown(error: BaseException) -> None:
    traffic = LoadGenerator(f"http://127.0.0.1:{free_port()}", "shop", [b"1"], "text/csv", 200, key=AccessKey.random())
    rollout = RolloutResult("arn:3", "errors", "canary")
    aws: Any = EndingAws(traffic, error)
    phase: Any = None
    target = LaunchTarget(aws, "shop", "rollout", traffic)
    try:
        with pytest.raises(type(error)):
            roll_out(target, rollout, phase=phase)
    finally:
        traffic.stop()
    row = rollout.row()
    assert row["requests"] >= row["dropped"] > 2
    assert row["seconds"] > 0
    assert (row["verdict"], row["exposed"], row["failed_by_new_fleet"]) == ("none", None, None)
    assert rollout.is_cut_off
