"""Both writers of the audit log, the operator's and the state machine's, on real conditional writes."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from infra.rollout.runtime.audit import index
from slipway.operations.audit_log import AuditLog
from slipway.rollout.audit import append, verify
from tests.rehearsal.cloud.process import CloudProcess

BUCKET, PREFIX = "log", "audit/shop/"


@pytest.fixture
def s3(cloud: CloudProcess) -> Iterator[Any]:
    client = cloud("s3")
    client.create_bucket(Bucket=BUCKET)
    yield client
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.delete_bucket(Bucket=BUCKET)


def act(actor: str) -> dict[str, Any]:
    return {"time": "2026-11-22T18:00:00Z", "actor": actor, "action": "pause", "subject": "shop", "detail": {"n": 1}}


def test_an_entry_is_never_replaced(s3: Any) -> None:
    for log in (AuditLog(s3, BUCKET, PREFIX), index.S3Log(s3, BUCKET, PREFIX)):
        body = json.dumps({"by": type(log).__name__}).encode()
        log.put(7, body)
        assert log.put(7, b"{}") is False
        assert s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}00000007.json")["Body"].read() != b"{}"


def test_the_two_writers_continue_each_others_chain(s3: Any) -> None:
    operator, machine = AuditLog(s3, BUCKET, PREFIX), index.S3Log(s3, BUCKET, PREFIX)
    for turn in range(6):
        append(operator if turn % 2 else machine, **act(f"writer {turn}"))
    entries = operator.entries()
    assert [entry["sequence"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert verify(entries) is None
    assert machine.last() == operator.last() == entries[-1]


def test_an_empty_log_has_no_last_entry(s3: Any) -> None:
    assert AuditLog(s3, BUCKET, PREFIX).last() is None
    assert index.S3Log(s3, BUCKET, PREFIX).last() is None


def test_what_is_no_entry_by_its_name_is_not_read(s3: Any) -> None:
    append(AuditLog(s3, BUCKET, PREFIX), **act("me"))
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}zz.json", Body=b"?")
    assert index.S3Log(s3, BUCKET, PREFIX).last()["sequence"] == 1  # type: ignore[index]
    assert len(AuditLog(s3, BUCKET, PREFIX).entries()) == 1


def test_writers_side_by_side_lose_no_entry_and_break_no_chain(s3: Any) -> None:
    writers = [AuditLog(s3, BUCKET, PREFIX), index.S3Log(s3, BUCKET, PREFIX)] * 3
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            for turn in range(4):
                append(writers[number], **act(f"{number}-{turn}"))
        except Exception as exc:  # noqa: BLE001 — reported by the test's thread
            failures.append(exc)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(len(writers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    entries = AuditLog(s3, BUCKET, PREFIX).entries()
    assert verify(entries) is None
    assert sorted(entry["actor"] for entry in entries) == sorted(f"{n}-{t}" for n in range(6) for t in range(4))


def test_the_function_appends_what_it_is_told(
    s3: Any, environment: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIT_BUCKET", BUCKET)
    monkeypatch.setenv("AUDIT_PREFIX", PREFIX)
    given = {"actor": "execution", "action": "begun", "subject": "package", "detail": {"verdict": 0}}
    first, second = (index.handler(given, None) for _ in range(2))
    entries = AuditLog(s3, BUCKET, PREFIX).entries()
    assert verify(entries) is None
    assert {name: entries[0][name] for name in given} == given
    assert second == {"sequence": 2, "hash": entries[1]["hash"]}
    # The head is in the function's log too, where S3 cannot take it away.
    assert [json.loads(line)["audit"] for line in capsys.readouterr().out.splitlines()] == [first, second]
