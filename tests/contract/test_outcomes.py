"""Outcome files are read by canary analysis and by the monitoring job: one rule, two implementations.

The job's container has no code of `slipway`, so the expected result of each case is here, for both.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.monitoring.ground_truth import TruthReader, read_outcomes
from slipway.canary.observation.ground_truth import Outcomes


def truth(data: Any, *, encoding: str | None = "CSV", **about: Any) -> str:
    truth_data = {"data": data} | ({"encoding": encoding} if encoding else {})
    return json.dumps({"groundTruthData": truth_data, "eventMetadata": about, "eventVersion": "0"})


def value(identifier: Any, number: Any) -> str:
    return json.dumps({"inference_id": identifier, "value": number})


CASES: dict[str, tuple[str, dict[str, list[float]], int]] = {
    "a value": (value("a", 5.5), {"a": [5.5]}, 0),
    "a loss": (value("a", -2), {"a": [-2.0]}, 0),
    "a ground truth": (truth("1", eventId="a"), {"a": [1.0]}, 0),
    "another label": (truth("no", eventId="a"), {"a": [0.0]}, 0),
    "the positive label": (truth("yes", eventId="a"), {"a": [1.0]}, 0),
    "a label that is a number": (truth(1, eventId="a"), {"a": [1.0]}, 0),
    "a row a line": (truth("yes\r\n0\n1.0\n", eventId="a"), {"a": [1.0, 0.0, 1.0]}, 0),
    "rows as CSV has them": (truth('"yes"\r no \r"a, b"\r\ra\u2028yes', eventId="a"), {"a": [1.0, 0.0, 0.0, 0.0]}, 0),
    "a quote without an end": (truth('"yes', eventId="a"), {}, 1),
    "the caller's id first": (truth("1", eventId="e", inferenceId="a"), {"a": [1.0]}, 0),
    "no encoding": (truth("1", eventId="a", encoding=None), {"a": [1.0]}, 0),
    "base64": (truth(base64.b64encode(b"yes\nno").decode(), eventId="a", encoding="BASE64"), {"a": [1.0, 0.0]}, 0),
    "no base64": (truth("%", eventId="a", encoding="BASE64"), {}, 1),
    "no row": (truth("", eventId="a"), {}, 1),
    "no data": (truth(None, eventId="a"), {}, 1),
    "a truth that is a bool": (truth(True, eventId="a"), {}, 1),
    "without an id": (truth("1"), {}, 1),
    "the first counts": ("\n".join([value("a", 1), value("a", 0), truth("0", eventId="a")]), {"a": [1.0]}, 0),
    "malformed among others": (
        "\n".join(["{", value("a", 1), "7", "[]", "null", value("b", 0)]),
        {"a": [1.0], "b": [0.0]},
        4,
    ),
    "values that are none": (
        "\n".join(value(n, each) for n, each in enumerate([True, "1", None, float("inf"), float("nan")])),
        {},
        5,
    ),
    "a number beyond all floats": (f'{{"inference_id": "a", "value": 1{"0" * 400}}}', {}, 1),
    "ids that are none": ("\n".join([value(7, 1), value(None, 1), '{"value": 1}', '{"inference_id": "a"}']), {}, 4),
    "nested beyond reading": ("[" * 100_000, {}, 1),
    "blank lines and a byte order mark": ("\ufeff" + value("a", 1) + "\r\n\r\n  \n", {"a": [1.0]}, 0),
    "a carriage return between lines": (value("a", 1) + "\r" + value("b", 1), {}, 1),
    "a separator within a text": (value("a\u2028b", 1).replace("\\u2028", "\u2028"), {"a\u2028b": [1.0]}, 0),
    "nothing": ("", {}, 0),
}


CLASSES = {"keep": 0.0, "2": 1.0}


def read_by_both(text: str, positive_label: str | None, folder: Path) -> tuple[Any, Any]:
    analysed = Outcomes()
    analysed.add(text, positive_label)
    (folder / "2026").mkdir()
    (folder / "2026" / "labels.jsonl").write_text(text, encoding="utf-8", newline="")
    monitored = read_outcomes(folder, TruthReader(positive_label, read=CLASSES.__getitem__))
    return (analysed.values, analysed.malformed), (monitored.values, monitored.malformed)


@pytest.mark.parametrize("case", CASES)
def test_canary_analysis_and_the_job_read_the_same(case: str, tmp_path: Path) -> None:
    text, values, malformed = CASES[case]
    analysed, monitored = read_by_both(text, "yes", tmp_path)
    assert analysed == (values, malformed)
    assert monitored == (values, malformed)


LABELS: list[tuple[str, Any, list[float]]] = [
    ("2", "2\n1\n2.0\n1.0\n0", [1, 0, 1, 0, 0]),
    ("2.0", "2", [1]),
    ("2", 2, [1]),
    ("2", 2.0, [1]),
    ("2", 1, [0]),
    ("0", "0\n1\n-0.0", [1, 0, 1]),
    ("-1", "-1\n1", [1, 0]),
    ("1", "1\n1.0\n0", [1, 1, 0]),
    ("yes", "yes\nYes\n1\n0\n2\nno", [1, 0, 1, 0, 0, 0]),
    ("no, thanks", 'no, thanks\n"no, thanks"\nyes', [1, 1, 0]),
    ("TRUE", True, [1]),
    ("true", False, [0]),
    ("False", False, [1]),
]


@pytest.mark.parametrize(("positive_label", "data", "worth"), LABELS)
def test_the_positive_label_is_worth_1_and_every_other_0(
    positive_label: str, data: Any, worth: list[float], tmp_path: Path
) -> None:
    analysed, monitored = read_by_both(truth(data, eventId="a"), positive_label, tmp_path)
    assert analysed == monitored == ({"a": worth}, 0)


@pytest.mark.parametrize(
    ("text", "values", "truths", "malformed"),
    [
        (value("a", 5.5), {"a": [5.5]}, {}, 0),
        (truth("keep\n2.0", eventId="a"), {}, {"a": [0.0, 1.0]}, 0),
        (truth(2, eventId="a"), {}, {"a": [1.0]}, 0),
        ("\n".join([truth("2", eventId="a"), value("a", -3)]), {"a": [-3.0]}, {"a": [1.0]}, 0),
        ("\n".join([truth("", eventId="a"), truth(True, eventId="a"), truth("2"), value("a", "2")]), {}, {}, 4),
        (truth("%", eventId="a", encoding="BASE64"), {}, {}, 1),
    ],
)
def test_without_a_positive_label_values_are_canary_analysiss_and_labels_the_jobs(
    text: str, values: dict[str, list[float]], truths: dict[str, list[float]], malformed: int, tmp_path: Path
) -> None:
    analysed, monitored = read_by_both(text, None, tmp_path)
    assert analysed == (values, malformed)
    assert monitored == (truths, malformed)
