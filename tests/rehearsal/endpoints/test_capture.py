"""Data capture: the sample, the records, the objects."""

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from rehearsal.endpoints.capture import CapturedInvocation, Sampler, capture_plan, capture_summary
from rehearsal.endpoints.capture_log import CaptureLog, object_key
from rehearsal.endpoints.invocation import Invocation, InvocationRequest
from tests.rehearsal.cloud.process import eventually

AT = datetime(2026, 3, 4, 5, 6, 7, 89_000, tzinfo=UTC)


def config(**changes: Any) -> dict[str, Any]:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://artifacts/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
        **changes,
    }


def plan(**changes: Any) -> Any:
    return capture_plan(config(**changes))


def request(body: bytes = b"1,2", content_type: str = "text/csv", **more: Any) -> InvocationRequest:
    given = {"target_variant": None, "inference_id": None, "received": 0.0, **more}
    return InvocationRequest(body, content_type, "text/csv", **given)


def answer(body: bytes = b"0.5\n", *, status: int = 200, **headers: str) -> Invocation:
    found = {"content-type": "text/csv", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Invocation(status, body, found, "primary", "blue")


def record(asked: InvocationRequest, answered: Invocation, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(CapturedInvocation(plan(**changes), asked, answered, AT).line())
    return found


def test_a_record_is_what_sagemaker_writes() -> None:
    found = record(request(), answer())
    event = found["eventMetadata"].pop("eventId")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", event)
    assert found == {
        "captureData": {
            "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": "1,2", "encoding": "CSV"},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "data": "0.5\n", "encoding": "CSV"},
        },
        "eventMetadata": {"inferenceTime": "2026-03-04T05:06:07Z"},
        "eventVersion": "0",
    }


def test_a_record_bears_the_callers_id_and_the_attributes_of_both_sides() -> None:
    asked = request(inference_id="visit-7", custom_attributes="trace=1")
    found = record(asked, answer(x_amzn_sagemaker_custom_attributes="model_package=arn:1, trace=1"))
    assert found["eventMetadata"]["inferenceId"] == "visit-7"
    assert found["eventMetadata"]["customAttributes"] == ["trace=1", "model_package=arn:1"]


@pytest.mark.parametrize(
    ("content_type", "body", "encoding", "data"),
    [
        ("text/csv; charset=utf-8", "né\n".encode(), "CSV", "né\n"),
        ("application/json", b'{"a": 1}', "JSON", '{"a": 1}'),
        ("application/octet-stream", b"\x00\x01", "BASE64", "AAE="),
        ("text/csv", b"\xff", "BASE64", "/w=="),
    ],
)
def test_a_body_is_encoded_by_its_type(content_type: str, body: bytes, encoding: str, data: str) -> None:
    side = record(request(body, content_type), answer())["captureData"]["endpointInput"]
    assert (side["encoding"], side["data"]) == (encoding, data)


def test_types_that_the_config_does_not_name_are_base64() -> None:
    side = record(request(), answer(), CaptureContentTypeHeader={})["captureData"]["endpointInput"]
    assert (side["encoding"], side["data"]) == ("BASE64", "MSwy")


@pytest.mark.parametrize(
    ("modes", "sides"),
    [
        (["Input"], {"endpointInput"}),
        (["Output"], {"endpointOutput"}),
        (["InputAndOutput"], {"endpointInput", "endpointOutput"}),
    ],
)
def test_only_the_sides_that_were_asked_for_are_kept(modes: list[str], sides: set[str]) -> None:
    options = [{"CaptureMode": mode} for mode in modes]
    assert record(request(), answer(), CaptureOptions=options)["captureData"].keys() == sides


@pytest.mark.parametrize("changes", [{"EnableCapture": False}, {"InitialSamplingPercentage": 0}])
def test_nothing_is_captured_where_it_is_switched_off(changes: dict[str, Any]) -> None:
    assert plan(**changes) is None
    assert capture_plan(None) is None


def test_describe_shows_whether_capture_runs() -> None:
    summary = {"CurrentSamplingPercentage": 100, "DestinationS3Uri": "s3://artifacts/capture", "KmsKeyId": "k"}
    on = capture_summary(config(KmsKeyId="k"))
    assert on == {"EnableCapture": True, "CaptureStatus": "Started", **summary}
    off = capture_summary(config(KmsKeyId="k", EnableCapture=False))
    assert off == {"EnableCapture": False, "CaptureStatus": "Stopped", **summary}


@pytest.mark.parametrize("percent", [0.0, 1.0, 20.0, 50.0, 99.0, 100.0])
def test_the_sample_has_the_share_that_was_asked_for(percent: float) -> None:
    sampler = Sampler(percent)
    assert sum(sampler.chooses() for _ in range(10_000)) == pytest.approx(percent * 100, abs=5)


@pytest.mark.parametrize("kinds", [2, 3, 5, 10, 100])
def test_requests_that_come_in_a_rhythm_are_sampled_alike(kinds: int) -> None:
    sampler = Sampler(20.0)
    chosen = Counter(number % kinds for number in range(kinds * 1000) if sampler.chooses())
    assert all(chosen[kind] == pytest.approx(200, abs=12) for kind in range(kinds))


def test_the_sample_is_the_same_in_every_run() -> None:
    first, second = Sampler(37.0), Sampler(37.0)
    assert [first.chooses() for _ in range(500)] == [second.chooses() for _ in range(500)]


@dataclass
class Bucket:
    """Takes objects; refuses the first few, or waits, as the test says."""

    refusals: int = 0
    open: threading.Event = field(default_factory=threading.Event)
    objects: list[tuple[str, str, bytes, str | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    def write(self, bucket: str, key: str, content: bytes, kms_key_id: str | None) -> None:
        self.open.wait(20)
        if self.refusals:
            self.refusals -= 1
            raise ConnectionError("S3 is away")
        self.objects.append((bucket, key, content, kms_key_id))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for _, _, content, _ in self.objects for line in content.splitlines()]


def log(bucket: Bucket) -> CaptureLog:
    return CaptureLog("shop", bucket.write, speed=60.0)


def test_an_objects_key_says_endpoint_variant_and_hour() -> None:
    key = object_key("shop", CapturedInvocation(plan(), request(), answer(), AT))
    assert re.fullmatch(r"capture/shop/primary/2026/03/04/05/06-07-089-[0-9a-f-]{36}\.jsonl", key)
    bare = object_key("shop", CapturedInvocation(plan(DestinationS3Uri="s3://artifacts"), request(), answer(), AT))
    assert bare.startswith("shop/primary/2026/")


def test_what_was_captured_is_written_without_being_asked() -> None:
    bucket = Bucket()
    capture, held = log(bucket), plan(KmsKeyId="key-1")
    for number in range(5):
        capture.offer(held, request(inference_id=str(number)), answer())
    eventually(lambda: len(bucket.lines()) == 5)
    assert [line["eventMetadata"]["inferenceId"] for line in bucket.lines()] == list("01234")
    assert {(name, key) for name, _, _, key in bucket.objects} == {("artifacts", "key-1")}
    capture.close()


def test_the_end_of_an_endpoint_writes_what_is_left() -> None:
    bucket = Bucket()
    capture = log(bucket)
    capture.offer(plan(), request(), answer())
    capture.close()
    assert len(bucket.lines()) == 1


def test_only_answered_requests_are_captured() -> None:
    bucket = Bucket()
    capture = log(bucket)
    capture.offer(plan(), request(), answer(status=400))
    capture.offer(plan(), request(), answer(status=503))
    capture.offer(None, request(), answer())
    capture.close()
    assert bucket.objects == []


def test_an_object_holds_one_plan_only() -> None:
    bucket = Bucket()
    capture = log(bucket)
    for held in (plan(), plan(DestinationS3Uri="s3://other/x")):
        capture.offer(held, request(), answer())
    capture.close()
    assert {name for name, *_ in bucket.objects} == {"artifacts", "other"}


def test_what_s3_refused_is_written_later() -> None:
    bucket = Bucket(refusals=1)
    capture, held = log(bucket), plan()
    capture.offer(held, request(inference_id="first"), answer())
    capture.flush_soon()
    capture.offer(held, request(inference_id="second"), answer())
    eventually(lambda: len(bucket.lines()) == 2)
    capture.close()
    assert [line["eventMetadata"]["inferenceId"] for line in bucket.lines()] == ["first", "second"]


def test_no_caller_waits_for_s3() -> None:
    bucket = Bucket()
    bucket.open.clear()
    capture, held = log(bucket), plan()
    capture.offer(held, request(), answer())
    capture.flush_soon()
    for _ in range(100):
        capture.offer(held, request(), answer())  # would never return if it waited
    assert bucket.objects == []
    bucket.open.set()
    capture.close()
    assert len(bucket.lines()) == 101
