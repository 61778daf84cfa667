import pytest
from pydantic import ValidationError

from slipway.settings.schedule import EndpointSchedule

START, STOP = "cron(0 7 ? * MON-FRI *)", "cron(30 18 ? * MON-FRI *)"


def test_hours_are_reported_in_utc_unless_a_timezone_is_named():
    assert EndpointSchedule(start=START, stop=STOP).timezone == "UTC"
    assert EndpointSchedule(start=START, stop=STOP, timezone="America/Argentina/Buenos_Aires").timezone


@pytest.mark.parametrize("given", ["0 7 * * *", "cron(0 7 * *)", "rate(1 day)", "cron()", "cron(0 7 ? * MON-FRI *) x"])
def test_a_time_is_a_cron_expression_of_eventbridge(given):
    with pytest.raises(ValidationError, match="should match pattern"):
        EndpointSchedule(start=given, stop=STOP)


def test_start_and_stop_at_the_same_time_are_refused():
    with pytest.raises(ValidationError, match="start and stop must differ"):
        EndpointSchedule(start=START, stop=START)
