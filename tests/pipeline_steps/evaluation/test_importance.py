import numpy as np
from numpy.typing import NDArray

from pipeline_steps.evaluation.importance import permutation_importance
from pipeline_steps.problems.report import Losses

GENERATOR = np.random.default_rng(0)
FEATURES = GENERATOR.normal(size=(400, 3)).astype(np.float32)
TARGET = 2 * FEATURES[:, 0] + FEATURES[:, 1]


def _losses(outputs: NDArray[np.float32], rows: NDArray[np.int64]) -> Losses:
    return Losses("absolute_error", np.abs(TARGET[rows] - outputs))


def test_columns_are_in_the_order_of_what_the_model_owes_to_them() -> None:
    found = permutation_importance(
        {"strong": [0], "weak": [1], "unused": [2]},
        FEATURES,
        score=lambda features: 2 * features[:, 0] + features[:, 1],
        losses=_losses,
        confidence=0.95,
    )
    assert [each["column"] for each in found["columns"]] == ["strong", "weak", "unused"]
    strong, weak, unused = found["columns"]
    assert strong["low"] > weak["high"] > weak["low"] > 0
    assert (unused["low"], unused["importance"], unused["high"]) == (0.0, 0.0, 0.0)


def test_the_rows_that_are_scored_are_bounded_however_many_columns_there_are() -> None:
    scored = []

    def score(features: NDArray[np.float32]) -> NDArray[np.float32]:
        scored.append(len(features))
        return features[:, 0]

    wide = np.zeros((3000, 500), dtype=np.float32)
    names = {f"c{place}": [place] for place in range(500)}
    found = permutation_importance(
        names, wide, score=score, losses=lambda _, rows: Losses("x", np.zeros(len(rows))), confidence=0.9
    )
    assert sum(scored) < 310_000
    assert len(found["columns"]) == 500
