"""The traffic that a plan is made for: the quiet hour of the day, from CloudWatch's invocations."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import ANY, Stubber

from slipway.errors import LaunchError
from slipway.operations.endpoint_traffic import read_traffic

NOW = datetime(2026, 11, 29, 10, 30, tzinfo=UTC)


def read(points):
    client = boto3.client("cloudwatch", region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")
    with Stubber(client) as stub:
        asked = dict.fromkeys(("Namespace", "Dimensions", "EndTime", "Period", "Statistics"), ANY)
        asked |= {"MetricName": "Invocations", "StartTime": datetime(2026, 11, 15, 10, tzinfo=UTC)}
        stub.add_response("get_metric_statistics", {"Datapoints": points}, asked)
        return read_traffic(client, "shop-prod", now=NOW)


def hours(count, sums):
    """So many hours until now, each with what `sums` has for its hour of the day; nothing is no datapoint."""
    times = [NOW.replace(minute=0) - timedelta(hours=number) for number in range(count, 0, -1)]
    return [{"Timestamp": at, "Sum": float(sums(at)), "Unit": "Count"} for at in times if sums(at)]


def test_the_quiet_hour_is_the_median_of_the_days_and_one_silent_day_changes_nothing():
    silent = datetime(2026, 11, 20, tzinfo=UTC).date()
    found = read(hours(14 * 24, lambda at: 0 if at.date() == silent else 3600 if at.hour == 4 else 36_000))
    assert (found.quiet, found.quiet_hour, found.hours) == (1.0, 4, 14 * 24)
    assert found.mean == pytest.approx(9.625 * 13 / 14)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([], "must have 24 hours of invocations, got 0"),
        (hours(5, lambda _: 100), "must have 24 hours of invocations, got 5"),
        (hours(72, lambda at: 100 if at.hour != 4 else 0), "has no invocations at 4:00 UTC on most days"),
    ],
)
def test_too_little_to_plan_with_is_refused(points, message):
    with pytest.raises(LaunchError, match=message):
        read(points)
