import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from pipeline_steps.errors import StepError
from pipeline_steps.gates.recent_requests import CapturedRequest, bucket_files, folder_files, newest_requests


def record(data: str, *, encoding: str = "CSV", content_type: str | None = "text/csv") -> str:
    given = {"mode": "INPUT", "data": data, "encoding": encoding}
    if content_type:
        given["observedContentType"] = content_type
    return json.dumps({"captureData": {"endpointInput": given}, "eventVersion": "0"})


def of(*files: str, limit: int = 100) -> Any:
    return newest_requests(iter([text.encode() for text in files]), limit=limit)


def bodies(found: Any) -> list[bytes]:
    return [request.body for request in found.requests]


def test_requests_come_newest_first_and_no_more_than_the_limit() -> None:
    found = of("\n".join(record(text) for text in "cde"), record("b") + "\n", limit=3)
    assert bodies(found) == [b"e", b"d", b"c"]
    assert bodies(of("\n".join(record(text) for text in "cde"), record("b"), limit=4)) == [b"e", b"d", b"c", b"b"]


def test_files_behind_the_limit_are_not_read() -> None:
    def files() -> Iterator[bytes]:
        yield "\n".join(record(text) for text in "ab").encode()
        pytest.fail("the next file was read")

    assert len(newest_requests(files(), limit=1).requests) == 1


def test_csv_json_and_base64_are_read_as_they_were_sent() -> None:
    encoded = base64.b64encode("1,é\n".encode()).decode()
    found = of(
        record("1,2\n"),
        record('{"instances": [[1]]}', encoding="JSON", content_type="application/json"),
        record(encoded, encoding="BASE64", content_type="text/csv; charset=utf-8"),
    )
    assert found.requests == (
        CapturedRequest(b"1,2\n", "text/csv"),
        CapturedRequest(b'{"instances": [[1]]}', "application/json"),
        CapturedRequest("1,é\n".encode(), "text/csv; charset=utf-8"),
    )


def test_a_record_without_a_type_has_that_of_its_encoding() -> None:
    found = of(record("{}", encoding="JSON", content_type=None))
    assert found.requests == (CapturedRequest(b"{}", "application/json"),)


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "{}",
        '{"captureData": {}}',
        '{"captureData": {"endpointInput": {"data": 3, "encoding": "CSV"}}}',
        record("%%%", encoding="BASE64"),
        record("x", encoding="OTHER", content_type=None),
    ],
)
def test_a_line_that_is_no_request_is_counted_and_left_out(line: str) -> None:
    found = of("\n".join([record("a"), line, record("b")]))
    assert (bodies(found), found.unreadable) == ([b"b", b"a"], 1)


KEYS = {
    "capture/shop/primary/2026/10/31/23/59-59-000-x.jsonl": "a",
    "capture/shop/primary/2026/11/01/00/00-01-000-b.jsonl": "b",
    "capture/shop/primary/2026/11/01/00/10-01-000-a.jsonl": "c",
    "capture/shop/primary/2026/11/01/09/00-00-000-z.jsonl": "d",
    "capture/shop/primary/2026/11/01/10/00-00-000-a.jsonl": "e",
}


def test_a_folders_files_come_by_the_time_in_their_names(tmp_path: Any) -> None:
    for key, text in KEYS.items():
        path = tmp_path / key.removeprefix("capture/shop/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "primary" / "note.txt").write_text("no capture")
    assert [content.decode() for content in folder_files(tmp_path)] == ["e", "d", "c", "b", "a"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path: Any) -> None:
    assert list(folder_files(tmp_path / "absent")) == []


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="artifacts")
        yield client


def test_a_buckets_files_come_newest_first_and_only_of_the_endpoint(s3: Any) -> None:
    for key, text in {**KEYS, "capture/shop2/primary/2027/01/01/00/x.jsonl": "other"}.items():
        s3.put_object(Bucket="artifacts", Key=key, Body=text)
    found = bucket_files(s3, "s3://artifacts/capture/shop/primary/")
    assert [content.decode() for content in found] == ["e", "d", "c", "b", "a"]


def test_an_empty_prefix_is_no_failure(s3: Any) -> None:
    assert list(bucket_files(s3, "s3://artifacts/capture/shop/primary/")) == []


def test_only_as_many_hours_are_listed_as_are_read(s3: Any) -> None:
    for key, text in KEYS.items():
        s3.put_object(Bucket="artifacts", Key=key, Body=text)
    listed = []
    s3.meta.events.register("before-call.s3.ListObjectsV2", lambda params, **_: listed.append(params["url_path"]))
    found = bucket_files(s3, "s3://artifacts/capture/shop/primary/")
    assert next(found) == b"e"
    assert len(listed) == 5, "year, month, day, hour, files"


def test_a_bucket_that_cannot_be_read_is_an_error(s3: Any) -> None:
    with pytest.raises(StepError, match="s3://other/capture/ cannot be read"):
        list(bucket_files(s3, "s3://other/capture/"))
