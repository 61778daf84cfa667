"""Numbers look the same wherever they are shown: the product and the container round alike."""

import math

import pytest

from pipeline_steps import rounding as in_the_container
from slipway.rounding import counted, rounded, with_interval


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.93, "0.93"),
        (0.934567, "0.9346"),
        (0.99996, "1"),
        (12.3456, "12.35"),
        (1234.56, "1,235"),
        (9999.7, "10,000"),
        (-1234567.8, "-1,234,568"),
        (1500000.0, "1,500,000"),
        (0.00012345, "0.0001234"),
        (3.2e-7, "3.2e-07"),
        (-4e-17, "0"),
        (2.5e20, "2.5e+20"),
        (math.inf, "inf"),
    ],
)
def test_a_number_has_four_significant_digits_and_its_thousands_separated(value: float, text: str) -> None:
    assert rounded(value) == in_the_container.rounded(value) == text


def test_a_number_that_somebody_chose_keeps_its_digits() -> None:
    assert [in_the_container.exact(each) for each in (0.93125, 1234567.5, 0.1 + 0.2)] == [
        "0.93125",
        "1,234,567.5",
        "0.3",
    ]


@pytest.mark.parametrize(
    ("number", "nouns", "text"),
    [
        (1, ("row",), "1 row"),
        (0, ("row",), "0 rows"),
        (12000, ("row",), "12,000 rows"),
        (1.0, ("request",), "1 request"),
        (0.25, ("request",), "0.25 requests"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_what_is_counted_is_singular_for_one(number: float, nouns: tuple[str, ...], text: str) -> None:
    assert counted(number, *nouns) == in_the_container.counted(number, *nouns) == text


def test_a_number_and_its_interval_have_the_same_decimals() -> None:
    assert with_interval(-0.0000473, -0.00164, 0.0015447) == "-0.000047 (-0.00164 to 0.001545)"
    assert with_interval(1234.5678, 990.1234, -0.04) == "1,235 (990 to 0)"
