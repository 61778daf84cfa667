"""The function that reads an experiment's rewards from S3, one poll after another."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.s3.models import s3_backends

from infra.rollout.runtime.experiment_analysis import index
from slipway.experiment.experiment_plan import ExperimentPlan

BUCKET, ACCOUNT = "artifacts", "123456789012"
PLAN = ExperimentPlan("thompson", "yes_no", "two_sided", 3, 0.2, 0.0, 0.2)
ARMS = [
    {"variant": "primary", "package": "arn:package/2"},
    {"variant": "challenger-1", "package": "arn:package/1"},
]


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    settings = {
        "plan": PLAN.to_document(),
        "horizon_seconds": 600,
        "bounds": [0.0, 1.0],
        "positive_label": "1",
        "report_prefix": "experiments/shop/",
    }
    monkeypatch.setenv("EXPERIMENT", json.dumps(settings))
    monkeypatch.setenv("ARTIFACTS_BUCKET", BUCKET)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket=BUCKET)
        yield client


def serve(s3: Any, variant: str, count: int, *, yes: int, at: float) -> None:
    """Requests that were answered by a variant, and what came of each."""
    when = datetime.fromtimestamp(at, UTC)
    names = [f"{variant}-{at}-{number}" for number in range(count)]
    lines = [{"eventMetadata": {"eventId": "e", "inferenceId": n, "inferenceTime": when.isoformat()}} for n in names]
    key = f"capture/shop/{variant}/{when:%Y/%m/%d/%H}/{at}.jsonl"
    s3.put_object(Bucket=BUCKET, Key=key, Body="".join(f"{json.dumps(line)}\n" for line in lines))
    found = [{"inference_id": name, "value": float(number < yes)} for number, name in enumerate(names)]
    body = "".join(f"{json.dumps(each)}\n" for each in found)
    outcomes = f"outcomes/{variant}-{at}.jsonl"
    s3.put_object(Bucket=BUCKET, Key=outcomes, Body=body)
    for written, seconds in ((key, 1), (outcomes, 2)):
        stored = s3_backends[ACCOUNT]["aws"].buckets[BUCKET].keys[written]
        stored.last_modified = datetime.fromtimestamp(at + seconds, UTC)


def polled(begun: float, *, key: str = "", is_over: bool = False, **given: Any) -> dict[str, Any]:
    """A poll on a clock on which ten minutes take ten seconds."""
    clock = {"seconds": 600.0, "from": "2026-01-01T12:00:00.000Z", "to": "2026-01-01T12:00:10.000Z"}
    event = {"endpoint": "shop", "arms": ARMS, "weights": [0.5, 0.5], "changed_at": begun, "begun": begun}
    return index.handler({**event, "key": key, "clock": clock, "is_over": is_over, **given}, None)


def test_weights_follow_the_rewards_and_each_request_is_counted_once(s3: Any) -> None:
    begun = time.time() - 60
    serve(s3, "primary", 60, yes=6, at=begun + 1)
    serve(s3, "challenger-1", 60, yes=30, at=begun + 2)
    serve(s3, "primary", 5, yes=5, at=begun - 30)
    first = polled(begun)
    assert first["winner"] is None
    assert first["shares"][1] > 0.8
    again = polled(begun, key=first["key"])
    report = json.loads(s3.get_object(Bucket=BUCKET, Key="experiments/shop/status.json")["Body"].read())
    assert [arm["requests"] for arm in report["arms"]] == [60, 60]
    assert [arm["variant"] for arm in report["arms"]] == ["primary", "challenger-1"]
    assert len(report["history"]) == 2
    assert again["shares"] == first["shares"]
    assert polled(begun, key=first["key"], is_over=True)["winner"] == 1
    paused = polled(begun, key=first["key"], is_over=True, is_paused=True)
    assert (paused["winner"], paused["shares"]) == (None, (0.5, 0.5))


def test_a_poll_that_is_repeated_gives_the_same(s3: Any) -> None:
    begun = time.time() - 60
    serve(s3, "primary", 20, yes=2, at=begun + 1)
    first, second = polled(begun, poll=0), polled(begun, poll=0)
    serve(s3, "challenger-1", 20, yes=20, at=begun + 3)
    late = polled(begun, poll=0)
    assert late == {**first, "shares": list(first["shares"])} == second
    assert polled(begun, poll=1)["shares"] != late["shares"]
    first, second = polled(begun), polled(begun)
    assert first == second


def test_without_requests_the_arms_have_equal_shares(s3: Any) -> None:
    found = polled(time.time() - 60)
    assert (found["shares"], found["winner"]) == ((0.5, 0.5), None)
