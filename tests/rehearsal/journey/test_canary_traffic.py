"""The traffic that a rehearsal's canary gets at its speed, against what the alarms need."""

from pathlib import Path

import pytest

from rehearsal.journey.canary_traffic import traffic_remark
from rehearsal.journey.options import RehearsalOptions
from slipway.errors import InputError
from slipway.settings import load_settings

SHOPPERS = Path(__file__).parents[3] / "config" / "shoppers.toml"


def remark(rate: float, speed: float) -> str | None:
    """A quarter of the users, alarms of 120 s and 10 requests, a bake of 480 s."""
    options = RehearsalOptions(config=SHOPPERS, speed=speed, requests_per_second=rate)
    return traffic_remark(load_settings(SHOPPERS, "dev"), options)


@pytest.mark.parametrize(("rate", "speed"), [(60, 30), (40, 60), (34, 100)])
def test_enough_requests_for_the_alarms_are_no_remark(rate: float, speed: float) -> None:
    assert remark(rate, speed) is None


def test_too_few_requests_for_the_alarms_are_reported_with_what_suffices() -> None:
    found = remark(32, 100)
    assert found
    assert "9.6 requests in an alarm's period, of rollout.min_requests 10: --rate 34 or --speed 96 suffices" in found


def test_so_few_that_nothing_could_be_detected_are_refused() -> None:
    with pytest.raises(InputError, match=r"4.8 requests in an alarm's period.*--rate 34 or --speed 48 suffices"):
        remark(16, 100)
