import numpy as np
import pytest

from pipeline_steps.baseline.training_rows import rows_seen, sketch_of

GENERATOR = np.random.default_rng(0)


def _rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    features = GENERATOR.normal(size=(count, 3)).astype(np.float32)
    features[GENERATOR.random((count, 3)) < 0.1] = np.nan
    return features, GENERATOR.integers(0, 2, count).astype(np.float64)


@pytest.mark.parametrize(("rows", "error"), [(500, 0), (20_000, 150)])
def test_rows_are_recognised_in_another_order_among_others(rows: int, error: int) -> None:
    features, target = _rows(rows)
    others, other_target = _rows(1000)
    chosen = GENERATOR.permutation(rows)[:400]
    seen = rows_seen(
        sketch_of(features, target),
        np.concatenate([others, features[chosen]]),
        np.concatenate([other_target, target[chosen]]),
    )
    assert abs(seen - 400) <= error


def test_a_row_with_another_target_is_another_row() -> None:
    features, target = _rows(300)
    sketch = sketch_of(features, target)
    assert rows_seen(sketch, features, 1 - target) == 0
    assert rows_seen(sketch, -features, target) == 0


def test_a_sketch_is_small_however_many_rows_there_are() -> None:
    assert len(sketch_of(*_rows(50_000))["hashes"]) < 12_000
