"""How a candidate is compared as a shadow: its polls, its tests, and how many good ones they prove."""

from dataclasses import replace

import pytest

from slipway.canary.config import Tolerances
from slipway.canary.shadow_comparison import ShadowComparison, promotion_times, wait_seconds

DAY = 86_400
SHADOW = ShadowComparison(Tolerances(), copied=1.0, most_seconds=DAY)


def test_there_is_a_test_at_each_doubling_of_the_time_and_at_its_end() -> None:
    assert promotion_times(600) == (600,)
    assert promotion_times(DAY) == (675, 1350, 2700, 5400, 10_800, 21_600, 43_200, DAY)


@pytest.mark.parametrize("most", [600, 3600, 79_200, DAY])
def test_it_is_polled_by_the_minute_for_an_hour_and_at_most_300_times(most: int) -> None:
    waits = list(replace(SHADOW, most_seconds=most).waits())
    assert set(waits[:60]) == {60}
    assert most <= sum(waits) < most + max(waits)
    assert len(waits) <= 301
    assert waits[-1] == wait_seconds(len(waits) - 1, most)


def test_more_time_more_copies_and_more_traffic_prove_more_good_models() -> None:
    hours = [replace(SHADOW, most_seconds=3600 * each).proven_share(0.2) for each in (4, 8, 16, 24)]
    assert hours == sorted(hours)
    assert hours[0] < 0.5
    assert hours[-1] > 0.95
    assert replace(SHADOW, copied=0.2).proven_share(0.2) < hours[-1]
    assert SHADOW.proven_share(0.02) < 0.2
    assert SHADOW.proven_share(0.2, error_rate=0.05) < hours[-1]
