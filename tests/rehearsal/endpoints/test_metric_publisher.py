"""The thread that alarms live on goes on, whatever fails on it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from rehearsal.endpoints.metric_publisher import MetricPublisher
from rehearsal.endpoints.report_data import TrafficLog
from rehearsal.endpoints.router import Attempt
from tests.rehearsal.cloud.process import eventually

ATTEMPT = Attempt("blue", "primary", 1, 200, 1000.0, 50.0)


class FullDisk(TrafficLog):
    """Nothing can be written."""

    writes = 0

    def write_before(self, now: float) -> None:  # noqa: ARG002 -- as the log has it
        self.writes += 1
        raise OSError(28, "No space left on device")


@pytest.fixture
def sent() -> list[Mapping[str, Any]]:
    return []


@pytest.fixture
def traffic(tmp_path: Path) -> FullDisk:
    return FullDisk(tmp_path / "traffic.jsonl")


@pytest.fixture
def publisher(sent: list[Mapping[str, Any]], traffic: FullDisk) -> Iterator[MetricPublisher]:
    def publish(_namespace: str, data: Sequence[Mapping[str, Any]]) -> None:
        sent.extend(data)

    made = MetricPublisher("shop", publish, traffic)
    yield made
    made.close()


def test_metrics_are_published_though_traffic_cannot_be_written(
    publisher: MetricPublisher, traffic: FullDisk, sent: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    eventually(lambda: traffic.writes)
    publisher.record(ATTEMPT)
    assert eventually(lambda: sent)
    assert "traffic of endpoint shop was not written" in caplog.text
