"""GetMetricData and GetMetricStatistics, answered with the statistics and the metric math of `slipway.cloudwatch`.

ministack has no trimmed statistics and no expressions, and takes a request without dimensions for one of all of them.
Requests in the old form-encoded protocol stay ministack's own: no SDK of today sends them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from ministack.services import cloudwatch as _cloudwatch

from rehearsal.cloud.ministack.stored_metrics import metric_of, points_of, stored
from slipway.cloudwatch import check_statistic, statistic
from slipway.cloudwatch.metric_math import calculate
from slipway.cloudwatch.series import by_period
from slipway.errors import InputError

Request = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
_MOST_DATAPOINTS = 100_800
"""GetMetricData returns no more in a call."""


def answer_metric_queries() -> None:
    """Take both actions over."""
    _cloudwatch._get_metric_data = _taking_over(_cloudwatch._get_metric_data, metric_data)
    _cloudwatch._get_metric_statistics = _taking_over(_cloudwatch._get_metric_statistics, metric_statistics)


def _taking_over(known: Callable[..., Response], answer: Callable[[Request], dict[str, Any]]) -> Callable[..., Any]:
    def handle(params: Any, request: Request, is_cbor: bool, is_json: bool = False) -> Response:  # noqa: FBT001, FBT002
        if not (is_cbor or is_json):
            return known(params, request, is_cbor, is_json)
        try:
            found = answer(request)
        except InputError as exc:
            answered = _cloudwatch._error("ValidationError", str(exc), 400, use_json=is_json, use_cbor=is_cbor)
        else:
            answered = _cloudwatch._cbor_ok(_cbor(found)) if is_cbor else _cloudwatch._json_ok(found)
        return cast("Response", answered)

    return handle


def _cbor(answer: dict[str, Any]) -> dict[str, Any]:
    times = {
        "MetricDataResults": _cloudwatch._cbor_metric_data_result,
        "Datapoints": _cloudwatch._cbor_datapoint,
    }
    return {key: [times[key](item) for item in value] if key in times else value for key, value in answer.items()}


def metric_statistics(request: Request) -> dict[str, Any]:
    """GetMetricStatistics: a datapoint for each period with samples, in no order that a caller may rely on.

    Raises:
        InputError: CloudWatch would refuse it.
    """
    plain, extended = request.get("Statistics") or (), request.get("ExtendedStatistics") or ()
    if not plain and not extended:
        raise InputError("The parameter Statistics or ExtendedStatistics must be given")
    for name in (*plain, *extended):
        check_statistic(name)
    grid = _Grid(request, int(request["Period"]))
    unit = request.get("Unit")
    datapoints = []
    for at, samples in grid.of(request, unit):
        if samples is None:
            continue
        point: dict[str, Any] = {"Timestamp": _cloudwatch._ts_iso(at), "Unit": unit or _unit(request)}
        point |= {name: statistic(name, samples) for name in plain}
        found = {name: statistic(name, samples) for name in extended}
        if known := {name: value for name, value in found.items() if value is not None}:
            point["ExtendedStatistics"] = known
        datapoints.append(point)
    return {"Label": request["MetricName"], "Datapoints": datapoints}


def _unit(place: Request) -> str:
    points = points_of(metric_of(place, "Sum")) or ({},)
    return str(points[0].get("Unit", "None"))


def metric_data(request: Request) -> dict[str, Any]:
    """GetMetricData: each query that returns data, the newest datapoint first unless requested otherwise.

    Raises:
        InputError: CloudWatch would refuse it, or the embedded one cannot answer it.
    """
    sheet = _Sheet(request)
    newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
    results = []
    for query in sheet.queries:
        if query.get("ReturnData") is False:
            continue
        known = [(at, value) for at, value in sheet.points(query) if value is not None]
        known.sort(reverse=newest_first)
        results.append(
            {
                "Id": query["Id"],
                "Label": query.get("Label") or _label(query),
                "Timestamps": [_cloudwatch._ts_iso(at) for at, _ in known],
                "Values": [value for _, value in known],
                "StatusCode": "Complete",
            }
        )
    return {"MetricDataResults": results, "Messages": []}


def _label(query: Request) -> str:
    return str(query["MetricStat"]["Metric"]["MetricName"] if query.get("MetricStat") else query["Id"])


class _Grid:
    """The periods from StartTime to EndTime, which begin at full multiples; samples outside the times do not count."""

    def __init__(self, request: Request, period: int) -> None:
        if period not in (1, 5, 10, 20, 30) and (period < 60 or period % 60):
            raise InputError(f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, got {period}")
        self.period = period
        times = _cloudwatch._parse_ts(request.get("StartTime")), _cloudwatch._parse_ts(request.get("EndTime"))
        if times[0] is None or times[1] is None or times[0] >= times[1]:
            raise InputError("The parameter StartTime must be less than the parameter EndTime")
        self._start, self._until = float(times[0]), float(times[1])
        self.first = self._start // period * period
        self.count = int(-(-(self._until - self.first) // period))
        if self.count > _MOST_DATAPOINTS:
            raise InputError(f"a query must have at most {_MOST_DATAPOINTS} datapoints, got {self.count}")

    @property
    def times(self) -> list[float]:
        return [self.first + self.period * number for number in range(self.count)]

    def of(self, place: Request, unit: str | None) -> list[tuple[float, Any]]:
        points = stored(metric_of(place, "Sum"), since=self._start, unit=unit)
        inside = ((at, samples) for at, samples in points if at < self._until)
        end = self.first + self.period * self.count
        buckets = by_period(inside, end=end, period=self.period, count=self.count)
        return list(zip(self.times, buckets, strict=True))


class _Sheet:
    """The queries of one GetMetricData call."""

    def __init__(self, request: Request) -> None:
        self.queries: Sequence[Request] = request.get("MetricDataQueries") or ()
        self._request = request
        names = [query["Id"] for query in self.queries]
        if len(set(names)) < len(names):
            raise InputError(f"the Ids of the queries must differ, got {', '.join(names)}")
        for query in self.queries:
            if bool(query.get("MetricStat")) == bool(query.get("Expression")):
                raise InputError(f"query {query['Id']} must have either MetricStat or Expression")
            if stat := query.get("MetricStat"):
                check_statistic(str(stat["Stat"]))

    def points(self, query: Request) -> list[tuple[float, float | None]]:
        if not query.get("Expression"):
            return self._metric(query)
        stats = [other for other in self.queries if other.get("MetricStat")]
        periods = {int(other["MetricStat"]["Period"]) for other in stats}
        if not periods and query.get("Period"):
            periods = {int(query["Period"])}
        if len(periods) != 1:
            raise InputError(f"the metrics of an expression must have one Period here, got {sorted(periods)}")
        grid = _Grid(self._request, periods.pop())
        values = calculate(
            query["Id"],
            expressions={other["Id"]: other["Expression"] for other in self.queries if other.get("Expression")},
            metrics={other["Id"]: [value for _, value in self._metric(other)] for other in stats},
            length=grid.count,
            period=grid.period,
        )
        return list(zip(grid.times, values, strict=True))

    def _metric(self, query: Request) -> list[tuple[float, float | None]]:
        stat = query["MetricStat"]
        grid = _Grid(self._request, int(stat["Period"]))
        found = grid.of(stat["Metric"], stat.get("Unit"))
        return [(at, statistic(stat["Stat"], samples)) for at, samples in found]
