"""What an endpoint has been invoked in the last two weeks, by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from slipway.endpoint_kinds import REAL_TIME
from slipway.errors import LaunchError
from slipway.metrics import SAGEMAKER_NAMESPACE
from slipway.settings.names import VARIANT

DAYS = 14
_HOUR = 3600
_FEWEST_HOURS = 24
"""A day: every hour of it may be the quiet one."""


@dataclass(frozen=True)
class RecordedTraffic:
    """Requests a second: in the quietest hour of the day, as its median over the days, and in the mean."""

    quiet: float
    quiet_hour: int
    mean: float
    hours: int
    """That were read."""


def read_traffic(
    cloudwatch: Any, endpoint: str, *, now: datetime, counted: tuple[str, str] = REAL_TIME.requests
) -> RecordedTraffic:
    """From the whole hours before `now`; `cloudwatch` is a client, `counted` the metric and statistic of requests.

    Raises:
        LaunchError: CloudWatch has less than a day of invocations, or the quiet hour has none.
    """
    metric, statistic = counted
    until = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    found = cloudwatch.get_metric_statistics(
        Namespace=SAGEMAKER_NAMESPACE,
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": VARIANT},
        ],
        StartTime=until - timedelta(days=DAYS),
        EndTime=until,
        Period=_HOUR,
        Statistics=[statistic],
    )["Datapoints"]
    sums = {point["Timestamp"].astimezone(UTC): float(point[statistic]) for point in found}
    return by_hour(_without_gaps(sums, until), endpoint)


def by_hour(sums: Sequence[tuple[datetime, float]], endpoint: str) -> RecordedTraffic:
    """The traffic of hours with their invocations.

    Raises:
        LaunchError: there is less than a day of them, or the quiet hour has no requests.
    """
    if len(sums) < _FEWEST_HOURS:
        raise LaunchError(f"endpoint {endpoint} must have {_FEWEST_HOURS} hours of invocations, got {len(sums)}")
    hours = {at.hour for at, _ in sums}
    medians = {hour: median(total for at, total in sums if at.hour == hour) / _HOUR for hour in hours}
    quiet = min(medians, key=lambda hour: (medians[hour], hour))
    if medians[quiet] == 0:
        raise LaunchError(f"endpoint {endpoint} has no invocations at {quiet}:00 UTC on most days")
    mean = sum(total for _, total in sums) / len(sums) / _HOUR
    return RecordedTraffic(medians[quiet], quiet, mean, len(sums))


def _without_gaps(sums: dict[datetime, float], until: datetime) -> list[tuple[datetime, float]]:
    """Every hour since the first one: CloudWatch has no datapoint where there was no request."""
    first = min(sums, default=until)
    hours = int((until - first).total_seconds()) // _HOUR
    return [(at, sums.get(at, 0.0)) for at in (first + timedelta(hours=number) for number in range(hours))]
