import csv
import json
from typing import Any

import numpy as np
import pytest

from pipeline_steps.problems.registry import problem_named

AWKWARD = ('a "quoted" label', "50 %", "x, y", "Größe\n\\", "plain")
SCORES = np.array([[0.1, 0.2, 0.4, 0.2, 0.1], [0.9, 0.1, 0, 0, 0]], dtype=np.float32)
ROW = np.array([0.25, 0.75], dtype=np.float32)


@pytest.mark.parametrize(
    ("problem", "classes", "decision", "outputs", "entries"),
    [
        (
            "binary",
            ("no", "yes"),
            {"threshold": 0.5},
            ROW,
            [{"score": 0.25, "label": 0}, {"score": 0.75, "label": 1}],
        ),
        (
            "multiclass",
            AWKWARD,
            {},
            SCORES,
            [
                {"label": "x, y", "score": 0.4, "scores": dict(zip(AWKWARD, [0.1, 0.2, 0.4, 0.2, 0.1], strict=True))},
                {"label": AWKWARD[0], "score": 0.9, "scores": dict(zip(AWKWARD, [0.9, 0.1, 0, 0, 0], strict=True))},
            ],
        ),
        (
            "anomaly",
            (),
            {"threshold": 0.5},
            ROW,
            [{"score": 0.25, "anomalous": False}, {"score": 0.75, "anomalous": True}],
        ),
        ("clustering", (), {}, SCORES, [{"cluster": 0, "distance": 0.1}, {"cluster": 2, "distance": 0.0}]),
        ("regression", (), {}, ROW, [{"value": 0.25}, {"value": 0.75}]),
        (
            "regression",
            (),
            {"interval": {"coverage": 0.9, "half_width": 0.5}, "shift": 0.1},
            ROW,
            [
                {"value": 0.25, "low": -0.25, "high": 0.75, "decision": 0.35},
                {"value": 0.75, "low": 0.25, "high": 1.25, "decision": 0.85},
            ],
        ),
    ],
)
def test_a_response_has_what_was_decided_and_reads_back(
    problem: str, classes: tuple[str, ...], decision: dict[str, Any], outputs: np.ndarray, entries: list[dict[str, Any]]
) -> None:
    found = problem_named(problem)
    responder = found.responder(classes, decision)
    written = [json.loads(entry) for entry in responder.json_entries(outputs)]
    for entry, expected in zip(written, entries, strict=True):
        scores, expected_scores = entry.pop("scores", {}), expected.pop("scores", {})
        assert scores == pytest.approx(expected_scores)
        assert entry == {name: _near(value) for name, value in expected.items()}
        entry["scores"] = scores
    headline = found.headline(outputs).tolist()
    assert [responder.read_entry(entry).score for entry in written] == pytest.approx(headline, rel=1e-8)
    lines = [responder.read_line(cells) for cells in csv.reader(_lines(responder.csv_lines(outputs)))]
    assert [line.score for line in lines] == pytest.approx(headline, rel=1e-8)
    labels = pytest.approx(found.labels(outputs, decision).tolist(), rel=1e-8)
    assert [line.label for line in lines] == labels
    assert [responder.read_entry(entry).label for entry in written] == labels


def test_a_label_of_another_model_reads_as_no_class_of_this_one() -> None:
    responder = problem_named("multiclass").responder(("a", "b"), {})
    assert responder.read_entry({"label": "c", "score": 1, "scores": {"c": 1}}).label == -1


def test_the_most_valuable_label_is_answered_where_outcomes_have_values() -> None:
    values = [[1, 0], [-100, 0]]
    responder = problem_named("multiclass").responder(("ok", "ill"), {"values": values})
    outputs = np.array([[0.95, 0.05], [0.999, 0.001]], dtype=np.float32)
    assert [json.loads(entry)["label"] for entry in responder.json_entries(outputs)] == ["ill", "ok"]
    assert problem_named("multiclass").labels(outputs, {"values": values}).tolist() == [1, 0]


def _near(value: Any) -> Any:
    return pytest.approx(value) if isinstance(value, float) else value


def _lines(written: list[str]) -> list[str]:
    return "\n".join(written).splitlines(keepends=True)
