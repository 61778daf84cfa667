"""Captured requests are read by canary analysis, by the replay gate and by the monitoring job: one format.

The job's container has no code of `slipway`, so the expected result of each case is here, for both.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.gates.recent_requests import folder_files, newest_requests
from pipeline_steps.monitoring.capture_records import read_capture_records
from slipway.canary.observation.captures import captured, captured_responses
from slipway.canary.observation.counting import Fleets

NOON = 1_767_268_800.0  # 2026-01-01T12:00:00Z
FLEETS = Fleets("shop", "primary", "new", "old", "package/2", "package/1")


def record(data: str = "1,a\n", type_: str = "text/csv", **about: Any) -> dict[str, Any]:
    request = {"observedContentType": type_, "mode": "INPUT", "data": data, "encoding": "CSV"}
    got = {"observedContentType": type_, "mode": "OUTPUT", "data": "0.5\n", "encoding": "CSV"}
    usual = {"eventId": "e", "inferenceTime": "2026-01-01T12:00:00Z", "customAttributes": ["model_package=package/2"]}
    return {
        "captureData": {"endpointInput": request, "endpointOutput": got},
        "eventMetadata": {name: value for name, value in {**usual, **about}.items() if value is not None},
        "eventVersion": "0",
    }


def line(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False)


RECORDS: dict[str, tuple[str, list[tuple[str, float]]]] = {
    "a record": (line(record()), [("e", NOON)]),
    "the caller's id first": (line(record(inferenceId="mine")), [("mine", NOON)]),
    "another time zone": (line(record(inferenceTime="2026-01-01T13:00:00+01:00")), [("e", NOON)]),
    "separators within a text": (
        line(record("1,a\u2028b\x85c\u2029d\n", inferenceId="i\u2028d")),
        [("i\u2028d", NOON)],
    ),
    "blank lines, a byte order mark and Windows' line ends": (
        "\ufeff" + line(record()) + "\r\n\r\n" + line(record(eventId="f")) + "\r\n",
        [("e", NOON), ("f", NOON)],
    ),
    "a type in capitals": (line(record(type_="Text/CSV; charset=UTF-8")), [("e", NOON)]),
}
NO_RECORDS: dict[str, str] = {
    "half a line": line(record())[:80],
    "no object": "7",
    "nested beyond reading": "[" * 100_000,
    "no metadata": line({**record(), "eventMetadata": None}),
    "metadata that is a text": line({**record(), "eventMetadata": "e"}),
    "no id": line(record(eventId=None)),
    "an id that is a number": line(record(eventId=7)),
    "an id that is a list": line(record(inferenceId=["a"])),
    "no time": line(record(inferenceTime=None)),
    "a time without a zone": line(record(inferenceTime="2026-01-01T12:00:00")),
    "no text for a time": line(record(inferenceTime=1767268800)),
    "attributes that are none": line(record(customAttributes=[7])),
}


def read_by_both(text: str, folder: Path) -> tuple[list[tuple[str, float]], list[tuple[str, float]], int]:
    analysed = [(identifier, at) for identifier, _, at in captured(text, FLEETS)]
    assert [(identifier, at) for identifier, at, _ in captured_responses(text)] == analysed
    (folder / "a.jsonl").write_text(text, encoding="utf-8", newline="")
    monitored = read_capture_records(folder, start=None, end=None)
    assert {found.model_package for found in monitored.records} <= {"package/2"}
    return analysed, [(found.identifier, found.at.timestamp()) for found in monitored.records], monitored.unreadable


@pytest.mark.parametrize("case", RECORDS)
def test_canary_analysis_and_the_job_read_the_same_records(case: str, tmp_path: Path) -> None:
    text, expected = RECORDS[case]
    assert read_by_both(text, tmp_path) == (expected, expected, 0)


@pytest.mark.parametrize("case", NO_RECORDS)
def test_a_line_that_is_no_record_is_none_for_either_and_loses_no_other(case: str, tmp_path: Path) -> None:
    text = "\n".join([line(record(eventId="a")), NO_RECORDS[case], line(record(eventId="b"))])
    expected = [("a", NOON), ("b", NOON)]
    assert read_by_both(text, tmp_path) == (expected, expected, 1)


@pytest.mark.parametrize("case", RECORDS)
def test_the_gate_replays_the_requests_that_the_job_reads(case: str, tmp_path: Path) -> None:
    text, expected = RECORDS[case]
    (tmp_path / "a.jsonl").write_text(text, encoding="utf-8", newline="")
    monitored = read_capture_records(tmp_path, start=None, end=None).records
    replayed = newest_requests(folder_files(tmp_path), limit=9)
    sent = [(request.body, request.content_type) for request in reversed(replayed.requests)]
    assert sent == [(found.body, found.content_type) for found in monitored]
    assert (len(sent), replayed.unreadable) == (len(expected), 0)
