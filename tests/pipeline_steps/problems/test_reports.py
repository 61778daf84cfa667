"""The pictures of rows that a model has been measured on."""

from pathlib import Path

import numpy as np
import pytest

from pipeline_steps.problems.drawing import labels
from pipeline_steps.problems.registry import problem_named
from pipeline_steps.problems.report import Predicted
from pipeline_steps.tables.use_case import UseCase

ROWS = 200
GENERATOR = np.random.default_rng(0)


def predicted(problem: str, target: np.ndarray, outputs: np.ndarray, *, named: str | None, **more: object) -> Predicted:
    use_case = UseCase(problem=problem, columns=(), target=named, metric="", **more)
    decision = {"threshold": 0.5}
    shown = outputs.astype(np.float32)
    return Predicted(target.astype(float), shown, problem_named(problem).labels(shown, decision), decision, use_case)


def drawn(shown: Predicted, folder: Path) -> set[str]:
    return set(problem_named(shown.use_case.problem).report().draw(folder, shown))


@pytest.mark.parametrize(("faults", "named"), [(20, "fault"), (0, "fault"), (20, None)])
def test_anomalies_have_outcomes_where_some_are_known(faults: int, named: str | None, tmp_path: Path) -> None:
    target = np.arange(ROWS) < faults
    shown = predicted("anomaly", target, GENERATOR.uniform(size=ROWS), named=named, positive_label="fault")
    outcomes = {"roc.svg", "confusion_matrix.svg", "gains.svg"} if faults and named else set()
    assert drawn(shown, tmp_path) == {"scores.svg", *outcomes}


def test_of_many_labels_the_most_frequent_ones_are_drawn_and_the_picture_says_so(tmp_path: Path) -> None:
    names = tuple(f"<{place}> of $30$ %" for place in range(30))
    target = np.arange(ROWS) % 30
    shown = predicted("multiclass", target, GENERATOR.dirichlet(np.ones(30), ROWS), named="y", classes=names)
    assert drawn(shown, tmp_path) >= {"roc.svg", "calibration.svg", "confusion_matrix.svg", "confidence.svg"}
    assert "20 most frequent of 30" in (tmp_path / "confusion_matrix.svg").read_text()
    assert "8 most frequent of 30" in (tmp_path / "roc.svg").read_text()


def test_labels_that_only_their_ends_distinguish_are_numbered() -> None:
    assert labels(["the same beginning, one", "the same beginning, two", "b"]) == [
        "0 the same begi…",
        "1 the same begi…",
        "2 b",
    ]
    assert labels(["a", "a long name without an equal"]) == ["a", "a long name wit…"]


def test_large_numbers_are_written_out_with_separated_thousands(tmp_path: Path) -> None:
    target = np.linspace(1e6, 2e6, ROWS)
    drawn(predicted("regression", target, target + 1000, named="y"), tmp_path)
    assert ">1,600,000<" in (tmp_path / "predicted.svg").read_text()
