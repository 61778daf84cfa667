"""Routing by share; the response of the chosen fleet is the response to the user."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.endpoints.endpoint_metrics import metric_data
from rehearsal.endpoints.http_client import HttpResponse, NoResponseError
from rehearsal.endpoints.invocation import InvocationRequest
from rehearsal.endpoints.router import Attempt, Router
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant


class Servers:
    """Responds in place of the fleets' servers, by URL; a status of None is no response."""

    def __init__(self) -> None:
        self.fleets: dict[str, tuple[ServingFleet, int | None]] = {}
        self.in_flight: list[int] = []

    def fleet(self, name: str, status: int | None) -> ServingFleet:
        server: Any = SimpleNamespace(url=f"http://{name}")
        fleet = ServingFleet(name, [ServingVariant("primary", 1.0, 4, "ml.m5.large", "repo:x", server)])
        self.fleets[f"http://{name}/invocations"] = fleet, status
        return fleet

    async def request(self, _method: str, url: str, **_: Any) -> HttpResponse:
        fleet, status = self.fleets[url]
        self.in_flight.append(fleet.in_flight)
        if status is None:
            raise NoResponseError("connection refused")
        return HttpResponse(status, {"content-type": "text/csv"}, b"0.5")


@pytest.fixture
def servers() -> Any:
    return Servers()


def ask(router: Router, times: int = 1) -> list[Any]:
    async def run() -> list[Any]:
        request = InvocationRequest(b"1", "text/csv", "text/csv", None, None, time.perf_counter())
        return [await router.invoke(request) for _ in range(times)]

    return asyncio.run(run())


@pytest.mark.parametrize("status", [400, 500, 503, None])
def test_what_the_new_fleet_fails_reaches_the_user_as_it_is_and_no_other_fleet_is_asked(
    servers: Any, status: int | None
) -> None:
    attempts: list[Attempt] = []
    router = Router(servers, attempts.append)
    blue, green = servers.fleet("blue", 200), servers.fleet("green", status)
    router.set_shares([(blue, 0.5), (green, 0.5)])
    assert {(answer.config_name, answer.status) for answer in ask(router, 8)} == {("blue", 200), ("green", status or 0)}
    assert [each.config_name for each in attempts].count("green") == 4
    assert len(attempts) == 8
    assert (blue.in_flight, green.in_flight) == (0, 0)


def test_a_container_that_gives_no_response_says_so(servers: Any) -> None:
    router = Router(servers, lambda _: None)
    router.set_shares([(servers.fleet("green", None), 1.0)])
    assert ask(router)[0].body == b"the container gave no response: connection refused"


def test_a_request_is_in_flight_until_it_is_answered(servers: Any) -> None:
    router = Router(servers, lambda _: None)
    green = servers.fleet("green", 200)
    router.set_shares([(green, 1.0)])
    ask(router)
    assert servers.in_flight == [1]
    assert green.drain(0.0)


def test_nobody_serves_before_shares_are_set(servers: Any) -> None:
    with pytest.raises(LookupError):
        ask(Router(servers, lambda _: None))


def test_shares_are_kept_to_the_request(servers: Any) -> None:
    router = Router(servers, lambda _: None)
    router.set_shares([(servers.fleet("blue", 200), 0.75), (servers.fleet("green", 200), 0.25)])
    assert [answer.config_name for answer in ask(router, 8)].count("green") == 2


def attempt(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "config_name": "green",
        "variant": "primary",
        "instances": 4,
        "status": 200,
        "model_us": 1234.4,
        "overhead_us": 99.6,
    }
    return Attempt(**{**values, **changes})


def values(data: list[dict[str, Any]], metric: str, dimensions: int) -> list[tuple[list[float], list[float], str]]:
    return [
        (datum["Values"], datum["Counts"], datum["Unit"])
        for datum in data
        if datum["MetricName"] == metric and len(datum["Dimensions"]) == dimensions
    ]


@pytest.mark.parametrize(
    ("status", "errors_4xx", "errors_5xx", "model_errors"),
    [(200, 0, 0, 0), (400, 1, 0, 1), (500, 0, 1, 1), (0, 0, 0, 1)],
)
def test_errors_are_counted_one_or_zero_a_request(
    status: int, errors_4xx: float, errors_5xx: float, model_errors: float
) -> None:
    data = metric_data("shop", [(0.0, attempt(status=status))])
    for name, value in (
        ("Invocation4XXErrors", errors_4xx),
        ("Invocation5XXErrors", errors_5xx),
        ("InvocationModelErrors", model_errors),
    ):
        assert values(data, name, 3) == [([float(value)], [1.0], "None")]


def test_latencies_are_in_microseconds() -> None:
    data = metric_data("shop", [(0.0, attempt())])
    assert values(data, "ModelLatency", 2) == [([1234.0], [1.0], "Microseconds")]
    assert values(data, "OverheadLatency", 3) == [([100.0], [1.0], "Microseconds")]


def test_equal_samples_are_sent_once_with_their_count() -> None:
    data = metric_data("shop", [(0.0, attempt())] * 7 + [(0.0, attempt(status=500))])
    assert values(data, "Invocation5XXErrors", 3) == [([0.0, 1.0], [7.0, 1.0], "None")]


def test_what_the_report_draws_is_kept_by_the_second() -> None:
    assert {datum["StorageResolution"] for datum in metric_data("shop", [(0.0, attempt())])} == {1}


def test_no_datum_holds_more_values_than_cloudwatch_takes() -> None:
    data = metric_data("shop", [(0.0, attempt(model_us=float(i))) for i in range(400)])
    found = values(data, "ModelLatency", 3)
    assert [len(held) for held, _, _ in found] == [150, 150, 100]


def test_the_config_dimension_tells_the_fleets_apart() -> None:
    data = metric_data("shop", [(0.0, attempt()), (0.0, attempt(config_name="blue"))])
    assert len(values(data, "Invocations", 2)) == 1
    assert len(values(data, "Invocations", 3)) == 2
