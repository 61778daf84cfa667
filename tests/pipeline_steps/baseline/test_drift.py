import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from pipeline_steps.baseline.drift import drift_index, expected_index, stability_index

EQUAL = np.full(10, 0.1)
SKEWED = 0.5 ** np.arange(1, 11) / np.sum(0.5 ** np.arange(1, 11))
RARE = np.array([0.6, 0.3, 0.08, 0.01, 0.005, 0.003, 0.001, 0.0005, 0.0005])

COUNTS = hnp.arrays(np.int64, 6, elements=st.integers(0, 5000))


def _healthy(shares: NDArray[np.float64], *, baseline_rows: int, rows: int, samples: int) -> NDArray[np.float64]:
    """Shifts where baseline and traffic are drawn from one population."""
    generator = np.random.default_rng(seed=[rows, baseline_rows])
    before = generator.multinomial(baseline_rows, shares, samples)
    now = generator.multinomial(rows, shares, samples)
    return np.array([drift_index(one, other) for one, other in zip(before, now, strict=True)])


@pytest.mark.parametrize("rows", [200, 1000, 5000])
@pytest.mark.parametrize("baseline_rows", [360, 5000])
@pytest.mark.parametrize("shares", [EQUAL, SKEWED, RARE], ids=["equal", "skewed", "rare"])
def test_without_a_change_the_shift_is_nothing_on_average_and_never_near_the_limits(
    shares: NDArray[np.float64], baseline_rows: int, rows: int
) -> None:
    found = _healthy(shares, baseline_rows=baseline_rows, rows=rows, samples=600)
    assert found.mean() == pytest.approx(0, abs=0.008)
    assert np.quantile(found, 0.999) < 0.2  # the limits are 0.25 for scores and 0.5 for inputs


@pytest.mark.parametrize("rows", [200, 5000])
def test_what_chance_gives_is_expected_far_better_than_by_leaving_it_in(rows: int) -> None:
    generator = np.random.default_rng(seed=5)
    before = generator.multinomial(10_000, EQUAL, 2000)
    now = generator.multinomial(rows, EQUAL, 2000)
    plain = np.mean([stability_index(one, other) for one, other in zip(before, now, strict=True)])
    expected = np.mean([expected_index(one, rows) for one in before])
    assert expected == pytest.approx(plain, rel=0.05)
    assert expected == pytest.approx(9 / rows + 9 / 10_000, rel=0.1)  # the textbook's first order


@pytest.mark.parametrize("rows", [200, 1000, 5000])
def test_a_real_change_is_seen_at_every_sample_size(rows: int) -> None:
    moved = np.array([0.02, 0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.16, 0.18, 0.22])
    generator = np.random.default_rng(seed=rows)
    found = [drift_index(generator.multinomial(5000, EQUAL), generator.multinomial(rows, moved)) for _ in range(300)]
    true = np.sum((moved - EQUAL) * np.log(moved / EQUAL))
    assert np.mean(found) == pytest.approx(true, rel=0.1)
    assert min(found) > 0.25


def test_a_value_that_training_never_saw_counts_by_its_share() -> None:
    baseline = np.array([5000, 5000, 0])
    assert drift_index(baseline, np.array([500, 500, 0])) < 0.01
    assert 0.01 < drift_index(baseline, np.array([495, 495, 10])) < 0.25
    assert drift_index(baseline, np.array([450, 450, 100])) > 0.5


def test_a_bin_that_went_empty_is_no_infinity() -> None:
    assert 0.3 < drift_index(np.array([5000, 4000, 1000]), np.array([600, 400, 0])) < 1


def test_bins_that_are_empty_in_both_change_nothing() -> None:
    narrow, wide = np.array([30, 70]), np.array([30, 0, 70, 0])
    assert drift_index(narrow, np.array([50, 50])) == drift_index(wide, np.array([50, 0, 50, 0]))


def test_one_bin_cannot_shift() -> None:
    assert drift_index(np.array([700]), np.array([10])) == pytest.approx(0, abs=1e-12)
    assert drift_index(np.array([7]), np.array([3])) == pytest.approx(0, abs=1e-12)


def test_without_a_baseline_or_rows_nothing_is_expected() -> None:
    assert expected_index(np.array([0, 0]), 100) == 0
    assert expected_index(np.array([5, 5]), 0) == 0


@given(COUNTS, COUNTS)
def test_the_index_is_finite_and_at_least_nothing(baseline: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    if baseline.sum() and counts.sum():
        assert 0 <= stability_index(baseline, counts) < 100
        assert 0 <= expected_index(baseline, int(counts.sum())) < 100


@given(COUNTS.filter(lambda counts: counts.sum() > 0), st.permutations(range(6)))
def test_the_order_of_the_bins_does_not_matter(baseline: NDArray[np.int64], order: list[int]) -> None:
    counts = np.array([9, 4, 0, 30, 5, 1])
    assert drift_index(baseline, counts) == pytest.approx(drift_index(baseline[order], counts[order]), abs=1e-9)
