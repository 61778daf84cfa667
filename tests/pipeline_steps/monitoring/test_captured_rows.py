import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_steps.features.columns import CategoryColumn, NumberColumn
from pipeline_steps.monitoring.capture_records import CaptureRecords, read_capture_records, read_responses
from pipeline_steps.monitoring.captured_rows import CapturedRows, read_rows
from pipeline_steps.monitoring.model_quality import labelled_rows, outcomes_by_row, truth_reader
from pipeline_steps.problems.quality import Labelled
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (
        NumberColumn("visits", 0, 10, missing=False),
        NumberColumn("spend", 0, 10, missing=True),
        CategoryColumn("month", ("Feb", "Nov"), other_code=1, accepts_unknown=True, missing=False),
    )
)
JSON_RESPONSE = '{"predictions":[{"score":0.25,"label":0},{"score":0.75,"label":1}]}'


def _line(request: dict[str, Any], response: dict[str, Any], **about: Any) -> str:
    metadata = {"eventId": "e1", "inferenceTime": "2026-11-05T14:30:00Z", **about}
    document = {"captureData": {"endpointInput": request, "endpointOutput": response}, "eventMetadata": metadata}
    return json.dumps(document) + "\n"


def _read(tmp_path: Path, *lines: str) -> CaptureRecords:
    (tmp_path / "a.jsonl").write_text("".join(lines))
    return read_capture_records(tmp_path, start=None, end=None)


CSV = {"observedContentType": "text/csv", "encoding": "CSV"}
JSON = {"observedContentType": "application/json", "encoding": "JSON"}
BASE64 = {"observedContentType": "text/csv; charset=utf-8", "encoding": "BASE64"}
LINES = {"observedContentType": "application/jsonlines", "encoding": "BASE64"}
TEXT = "3,,Nov\n4,1.5,Jan\n"
OBJECTS = {"instances": [{"visits": 3, "month": "Nov"}, {"visits": 4, "spend": 1.5, "month": "Jan"}]}
LISTS = {"instances": [[3, None, "Nov"], [4, 1.5, "Jan"]]}


@pytest.mark.parametrize(
    "sent",
    [
        CSV | {"data": TEXT},
        {"encoding": "CSV", "data": TEXT},
        BASE64 | {"data": base64.b64encode(TEXT.encode()).decode()},
        JSON | {"data": json.dumps(OBJECTS)},
        JSON | {"data": json.dumps(LISTS)},
        {"observedContentType": "Text/CSV; Charset=UTF-8", "encoding": "CSV", "data": TEXT},
        {"observedContentType": "APPLICATION/JSON", "encoding": "JSON", "data": "\ufeff" + json.dumps(OBJECTS)},
        CSV | {"data": "month,visits,spend\nNov,3,\nJan,4,1.5\n"},
        BASE64 | {"data": base64.b64encode(gzip.compress(TEXT.encode(), mtime=0)).decode()},
        LINES | {"data": base64.b64encode("\n".join(map(json.dumps, LISTS["instances"])).encode()).decode()},
    ],
    ids=[
        *("csv", "no type", "base64", "objects", "lists", "csv in capitals", "json in capitals"),
        *("csv with a header", "packed", "json lines"),
    ],
)
def test_a_request_means_the_same_however_it_was_sent_and_captured(tmp_path: Path, sent: dict[str, Any]) -> None:
    rows = _rows(_read(tmp_path, _line(sent, JSON | {"data": JSON_RESPONSE})))
    np.testing.assert_array_equal(rows.features, np.array([[3, np.nan, 2], [4, 1.5, 1]], dtype=np.float32))
    assert rows.scores.tolist() == [0.25, 0.75]
    assert not rows.refused.any()
    assert (rows.extra, rows.mismatched) == ({}, 0)


def _rows(captured: CaptureRecords) -> CapturedRows:
    return read_rows(CONTRACT, read_responses(captured.records, CONTRACT.responder).records)


def _labelled(captured: CaptureRecords, outcomes: dict[str, list[float]]) -> Labelled:
    rows = _rows(captured)
    return labelled_rows(CONTRACT, rows, outcomes_by_row(rows.records, outcomes, truth_reader(CONTRACT)))


def test_a_refused_cell_is_counted_and_the_others_of_its_row_are_kept(tmp_path: Path) -> None:
    rows = _rows(_read(tmp_path, _line(CSV | {"data": "many,2,Nov\n5,3,Feb"}, CSV | {"data": "0.1\n0.2\n"})))
    assert rows.refused.tolist() == [[True, False, False], [False, False, False]]
    assert rows.column(0).tolist() == [5]
    assert rows.column(1).tolist() == [2, 3]


def test_an_unknown_key_is_extra_and_an_absent_one_is_absent(tmp_path: Path) -> None:
    data = json.dumps({"instances": [{"visits": 1, "colour": "red"}]})
    rows = _rows(_read(tmp_path, _line(JSON | {"data": data}, CSV | {"data": "0.1\n"})))
    assert (rows.absent, rows.extra) == ({"spend": 1, "month": 1}, {"colour": 1})


@pytest.mark.parametrize("data", ["", "[]", "{", '{"instances": 3}'])
def test_a_body_that_has_not_as_many_rows_as_scores_is_left_out(tmp_path: Path, data: str) -> None:
    rows = _rows(_read(tmp_path, _line(JSON | {"data": data}, CSV | {"data": "0.1\n"})))
    assert (rows.mismatched, rows.features.shape, len(rows.scores)) == (1, (0, 3), 0)


@pytest.mark.parametrize(
    "line",
    ["{\n", "3\n", "{}\n", _line(CSV, CSV), _line(CSV | {"data": "1"}, CSV | {"data": "no score"})],
    ids=["no json", "no object", "empty", "no data", "no score"],
)
def test_a_line_that_is_no_record_is_counted(tmp_path: Path, line: str) -> None:
    captured = _read(tmp_path, line, _line(CSV | {"data": TEXT}, JSON | {"data": JSON_RESPONSE}))
    answered = read_responses(captured.records, CONTRACT.responder)
    assert (len(answered.records), captured.unreadable + answered.unreadable) == (1, 1)


def test_files_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    for hour in ("2026/11/05/09/00-a", "2026/10/31/23/59-b", "2026/11/05/10/00-a"):
        file = tmp_path / f"shop/primary/{hour}.jsonl"
        file.parent.mkdir(parents=True)
        file.write_text(_line(CSV | {"data": TEXT}, JSON | {"data": JSON_RESPONSE}, inferenceId=hour))
    start = datetime(2026, 11, 1, tzinfo=UTC)
    found = read_capture_records(tmp_path, start=None, end=None)
    assert [record.identifier for record in found.records] == [
        "2026/10/31/23/59-b",
        "2026/11/05/09/00-a",
        "2026/11/05/10/00-a",
    ]
    assert len(read_capture_records(tmp_path, start=start, end=None).records) == 3  # the records' own times decide


def test_outcomes_are_joined_by_the_callers_id_or_else_by_the_events(tmp_path: Path) -> None:
    answered = (CSV | {"data": "3,,Nov"}, CSV | {"data": "0.9"})
    several = (CSV | {"data": TEXT}, JSON | {"data": JSON_RESPONSE})
    lines = [
        _line(*answered, inferenceId="mine"),
        _line(*answered, eventId="e2"),
        _line(*answered, eventId="unknown"),
        _line(*several, eventId="both"),
        _line(*several, eventId="one of two"),
    ]
    outcomes = {"mine": [25.5], "e1": [0.0], "e2": [-1.0], "both": [0.0, 1.0], "one of two": [1.0]}
    labelled = _labelled(_read(tmp_path, *lines), outcomes)
    assert labelled.truth.tolist() == [1, 0, 0, 1]
    assert labelled.labels.tolist() == [1, 1, 0, 1]
    assert labelled.scores.tolist() == pytest.approx([0.9, 0.9, 0.25, 0.75])


def test_a_record_that_was_merged_with_its_outcome_has_it(tmp_path: Path) -> None:
    document = json.loads(_line(CSV | {"data": TEXT}, JSON | {"data": JSON_RESPONSE}))
    document["groundTruthData"] = {"data": "TRUE\r\n0", "encoding": "CSV"}
    assert _labelled(_read(tmp_path, json.dumps(document)), {}).truth.tolist() == [1, 0]


def test_a_merged_outcome_that_is_none_leaves_its_rows_unlabelled(tmp_path: Path) -> None:
    document = json.loads(_line(CSV | {"data": TEXT}, JSON | {"data": JSON_RESPONSE}))
    document["groundTruthData"] = {"data": "%", "encoding": "BASE64"}
    assert not len(_labelled(_read(tmp_path, json.dumps(document)), {}).scores)
