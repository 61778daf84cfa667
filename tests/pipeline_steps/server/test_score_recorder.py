import threading

import numpy as np
import pytest

from pipeline_steps.baseline.baseline import Baseline
from pipeline_steps.features.columns import NumberColumn
from pipeline_steps.server.score_recorder import WINDOW_ROWS, ScoreRecorder
from tests.contracts import binary_contract

CONTRACT = binary_contract(
    (NumberColumn("a", 0, 10, missing=False), NumberColumn("b", 0, 1, missing=True)),
    target="t",
    positive_label="1",
    algorithm="x",
)
EVEN = {"edges": [tenth / 10 for tenth in range(11)], "counts": [100] * 10}
DOCUMENT = {
    "version": 1,
    "features": [
        {"name": "a", "edges": list(range(11)), "counts": [100] * 10, "missing": 0},
        {"name": "b", **EVEN, "missing": 0},
    ],
    "score": {**EVEN, "ranks": [0.1, 0.5, 0.9]},
}
BASELINE = Baseline.from_document(DOCUMENT, CONTRACT)


def _rows(count: int, *, low: float = 0, high: float = 1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Inputs as the baseline has them, scores between `low` and `high`."""
    drawn = np.random.default_rng(seed).random((count, 3), dtype=np.float32)
    return drawn[:, :2] * np.array([10, 1], dtype=np.float32), low + (high - low) * drawn[:, 2]


def _metrics(recorder: ScoreRecorder) -> dict[str, float]:
    return {metric.name: metric.value for metric in recorder.take_metrics()}


def _record_each(recorder: ScoreRecorder, scores: np.ndarray) -> None:
    """A request each."""
    for place in range(len(scores)):
        recorder.record((np.zeros((1, 2), dtype=np.float32), scores[place : place + 1]))


def test_requests_are_counted_against_the_ranks_once_each() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    scores = np.array([0.05, 0.1, 0.4, 0.5, 0.6, 0.9, 0.95], dtype=np.float32)
    _record_each(recorder, scores)
    assert _metrics(recorder) == {"ScoredRows": 7, "UpperHalf": 3, "Tails": 2}
    assert recorder.take_metrics() == []
    recorder.record((np.zeros((1, 2), dtype=np.float32), scores[:1]))
    assert _metrics(recorder) == {"ScoredRows": 1, "UpperHalf": 0, "Tails": 1}


def test_scores_that_tie_with_a_rank_are_shared_out() -> None:
    ties = [{"low": at, "high": at, "below": 0, "equal": 1000} for at in [0.5] * 3]
    document = {**DOCUMENT, "score": {**EVEN, "rows": 1000, "ranks": [0.5] * 3, "ties": ties}}
    recorder = ScoreRecorder(CONTRACT, Baseline.from_document(document, CONTRACT))
    _record_each(recorder, np.array([0.5] * 10 + [0.75] * 3, dtype=np.float32))
    assert _metrics(recorder) == {"ScoredRows": 13, "UpperHalf": 8, "Tails": 5}


def test_one_row_of_a_request_is_counted_wherever_it_stands() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE, seed=3)
    sorted_rows = np.linspace(0, 1, 50, dtype=np.float32)
    sizes = np.tile([1, 2, 50], 1000)
    for size in sizes:
        recorder.record((np.zeros((size, 2), dtype=np.float32), sorted_rows[-size:]))
    found = _metrics(recorder)
    assert found["ScoredRows"] == 3000
    # of one or two rows all are in the upper tail; of fifty a half and a fifth are counted
    assert found["UpperHalf"] - 2000 == pytest.approx(500, abs=80)
    assert found["Tails"] - 2000 == pytest.approx(200, abs=64)


def test_the_same_seed_draws_the_same_rows() -> None:
    reported = []
    for seed in (1, 1, 2):
        recorder = ScoreRecorder(CONTRACT, BASELINE, seed=seed)
        for start in range(100):
            recorder.record(_rows(20, seed=start))
        found = _metrics(recorder)
        reported.append((found["UpperHalf"], found["Tails"]))
    assert reported[0] == reported[1] != reported[2]


def test_a_request_without_a_row_is_not_counted() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    recorder.record(_rows(0))
    assert recorder.take_metrics() == []


def test_drift_is_reported_from_200_rows_on() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    recorder.record(_rows(199))
    assert "PredictionDrift" not in _metrics(recorder)
    recorder.record(_rows(1, seed=1))
    found = _metrics(recorder)
    assert found["ScoredRows"] == 1
    assert 0 <= found["PredictionDrift"] < 0.1
    assert 0 <= found["InputDrift"] < 0.1


def test_a_healthy_models_shift_is_never_less_than_nothing() -> None:
    for seed in range(20):
        recorder = ScoreRecorder(CONTRACT, BASELINE)
        recorder.record(_rows(5000, seed=seed))
        assert _metrics(recorder)["PredictionDrift"] >= 0


def test_scores_that_move_are_a_prediction_shift_and_no_input_shift() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    recorder.record(_rows(1000, low=0.3, high=0.8))
    found = _metrics(recorder)
    assert found["PredictionDrift"] > 0.5
    assert found["InputDrift"] < 0.1


def test_the_input_shift_is_the_worst_watched_columns() -> None:
    features, scores = _rows(1000)
    features[:, 1] = np.nan
    everything, without_b = (
        ScoreRecorder(CONTRACT, BASELINE),
        ScoreRecorder(CONTRACT, BASELINE, excluded_from_drift={"b", "gone"}),
    )
    for recorder in (everything, without_b):
        recorder.record((features, scores))
    assert _metrics(everything)["InputDrift"] > 3
    assert _metrics(without_b)["InputDrift"] < 0.1


@pytest.mark.parametrize("size", [1, 7, 900, 12_000])
def test_only_the_newest_rows_are_compared(size: int) -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    features, scores = _rows(12_000, low=0.9)
    for start in range(0, 12_000, size):
        recorder.record((features[start : start + size], scores[start : start + size]))
        recorder.count()
    moved = _metrics(recorder)
    for start in range(0, WINDOW_ROWS, 100):
        recorder.record(_rows(100, seed=start))
    back = _metrics(recorder)
    assert moved["ScoredRows"] == len(range(0, 12_000, size))
    assert moved["PredictionDrift"] > 3
    assert back["PredictionDrift"] < 0.05


def test_the_window_holds_no_more_than_it_must() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    for seed in range(300):
        recorder.record(_rows(100, seed=seed))
        recorder.count()
    assert sum(len(scores) for _, scores in recorder._window) == WINDOW_ROWS
    recorder.record(_rows(20_000))
    recorder.count()
    assert [len(scores) for _, scores in recorder._window] == [WINDOW_ROWS]


def test_without_ranks_there_are_shifts_and_without_a_baseline_rows_alone() -> None:
    older = Baseline(BASELINE.columns, BASELINE.score, None)
    for baseline, names in ((older, {"ScoredRows", "PredictionDrift", "InputDrift"}), (None, {"ScoredRows"})):
        recorder = ScoreRecorder(CONTRACT, baseline)
        recorder.record(_rows(500))
        assert set(_metrics(recorder)) == names


def test_what_was_forgotten_is_not_counted() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    recorder.record(_rows(500))
    recorder.count()
    recorder.record(_rows(500))
    recorder.clear()
    recorder.record(_rows(3))
    assert _metrics(recorder).keys() == {"ScoredRows", "UpperHalf", "Tails"}


def test_no_row_is_lost_or_doubled_when_threads_record_while_it_counts() -> None:
    recorder = ScoreRecorder(CONTRACT, BASELINE)
    row = _rows(1)
    threads = [threading.Thread(target=lambda: [recorder.record(row) for _ in range(20_000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    counted = 0
    while any(thread.is_alive() for thread in threads):
        recorder.count()
        counted += int(_metrics(recorder).get("ScoredRows", 0))
    counted += int(_metrics(recorder).get("ScoredRows", 0))
    assert counted == 80_000
