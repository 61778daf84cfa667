"""CloudWatch's percentiles and trimmed statistics, after the examples of its user guide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.cloudwatch import check_statistic, samples_of, statistic
from slipway.errors import InputError

TEN = samples_of({"Values": [float(value) for value in range(10, 101, 10)]})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("p90", 90.0),
        ("p0", 10.0),
        ("tm90", 50.0),
        ("TM(:90%)", 50.0),
        ("TM(10%:90%)", 55.0),
        ("TM(10%:)", 60.0),
        ("TM(20:50)", 40.0),
        ("IQM", 55.0),
        ("tc90", 9.0),
        ("TC(20:50)", 3.0),
        ("TC(:50)", 5.0),
        ("TC(50:)", 5.0),
        ("TC(0.5:9.5)", 0.0),
        ("ts90", 450.0),
        ("TS(80%:)", 190.0),
        ("TS(1:2)", 0.0),
        ("PR(:30)", 30.0),
        ("PR(30:80)", 50.0),
        ("PR(95:)", 10.0),
        ("wm90", 54.0),
        ("WM(10%:90%)", 55.0),
        ("WM(20:50)", 41.0),
        ("TM(1:2)", None),
    ],
)
def test_a_statistic_takes_its_part_of_the_samples(name: str, value: float | None) -> None:
    assert statistic(name, TEN) == (value if value is None else pytest.approx(value))


def test_a_range_of_values_excludes_the_lower_and_includes_the_upper_boundary() -> None:
    samples = samples_of({"Values": [0.005, 0.01, 0.030, 0.031]})
    assert statistic("TC(0.005:0.030)", samples) == 2.0


def test_few_samples_are_not_trimmed_to_nothing() -> None:
    one = samples_of({"Value": 7.0})
    assert [statistic(name, one) for name in ("tm90", "IQM", "TM(10%:90%)", "tc99", "wm98")] == [
        7.0,
        7.0,
        7.0,
        1.0,
        7.0,
    ]


def test_counts_weigh_as_so_many_samples() -> None:
    weighted = samples_of({"Values": [1.0, 100.0], "Counts": [95, 5]})
    assert statistic("tm95", weighted) == 1.0
    assert statistic("TC(:50)", weighted) == 95.0
    assert statistic("PR(50:)", weighted) == 5.0
    assert statistic("tc90", weighted) == 90.0


@pytest.mark.parametrize("name", ["p50", "tm90", "TC(:5)", "PR(:5)", "WM(:5)", "TS(:5)", "IQM"])
def test_neither_a_statistic_set_nor_negative_values_have_them(name: str) -> None:
    stats = {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6}
    assert statistic(name, samples_of({"StatisticValues": stats})) is None
    assert statistic(name, samples_of({"Values": [-1.0, 2.0]})) is None
    assert statistic(name, None) is None


def test_a_statistic_set_of_one_value_has_them() -> None:
    stats = {"SampleCount": 3, "Sum": 12, "Minimum": 4, "Maximum": 4}
    assert statistic("TC(:4)", samples_of({"StatisticValues": stats})) == 3.0


@pytest.mark.parametrize(
    ("name", "reported"),
    [
        ("TM(:)", "one boundary or two"),
        ("TM(1:2%)", "two percentages or two values"),
        ("PR(1%:2%)", "PR must have values"),
        ("TM(1%:200%)", "percentages in 0..100"),
        ("tm101", "percentages in 0..100"),
        ("TC(5:1)", "lower boundary first"),
        ("tm(1:2)", "must be one of"),
        ("TM90", "must be one of"),
        ("IQR", "must be one of"),
        ("", "must be one of"),
    ],
)
def test_what_is_no_statistic_is_refused(name: str, reported: str) -> None:
    with pytest.raises(InputError, match=reported):
        check_statistic(name)


VALUES = st.lists(st.tuples(st.integers(0, 50).map(float), st.integers(1, 5).map(float)), min_size=1, max_size=30)
BOUNDS = st.tuples(st.integers(0, 50), st.integers(0, 50)).map(sorted)


@given(VALUES, BOUNDS)
def test_counts_of_neighbouring_ranges_add_up(values: list[tuple[float, float]], bounds: list[int]) -> None:
    samples = samples_of({"Values": [value for value, _ in values], "Counts": [often for _, often in values]})
    low, high = bounds
    parts = [statistic(f"TC({part})", samples) for part in (f":{low}", f"{low}:{high}", f"{high}:")]
    assert sum(part or 0.0 for part in parts) == samples.count
    shares = [statistic(f"PR({part})", samples) for part in (f":{low}", f"{low}:{high}", f"{high}:")]
    assert sum(share or 0.0 for share in shares) == pytest.approx(100.0)


@given(VALUES, st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted))
def test_sum_is_mean_times_count_and_all_lie_within_the_samples(
    values: list[tuple[float, float]], shares: list[int]
) -> None:
    samples = samples_of({"Values": [value for value, _ in values], "Counts": [often for _, often in values]})
    bounds = f"({shares[0]}%:{shares[1]}%)"
    mean, count, total, winsorized = (statistic(kind + bounds, samples) for kind in ("TM", "TC", "TS", "WM"))
    assert count is not None
    assert 0 <= count <= samples.count
    if mean is not None:
        assert mean * count == pytest.approx(total)
        assert samples.minimum - 1e-9 <= mean <= samples.maximum + 1e-9
    if winsorized is not None:
        assert samples.minimum - 1e-9 <= winsorized <= samples.maximum + 1e-9
