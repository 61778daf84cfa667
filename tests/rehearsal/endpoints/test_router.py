"""Routing by share; the response of the chosen fleet is the response to the user."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal.endpoints.endpoint_metrics import metric_data
from rehearsal.endpoints.http_client import HttpResponse, NoResponseError
from rehearsal.endpoints.invocation import InvocationRequest
from rehearsal.endpoints.router import Attempt, Router, ThrottledError
from rehearsal.endpoints.serving_fleet import ServingFleet, ServingVariant


class Servers:
    """Responds in place of the fleets' servers, by URL; a status of None is no response."""

    def __init__(self) -> None:
        self.fleets: dict[str, tuple[ServingFleet, int | None]] = {}
        self.in_flight: list[int] = []
        self.shadow_waits = asyncio.Event()
        self.shadow_waits.set()

    def fleet(
        self, name: str, status: int | None, *, shadow: int | None = None, weight: float | None = None
    ) -> ServingFleet:
        """With a shadow, where it has a weight, that responds with the status `shadow`."""
        beside = self.variant("shadow", f"{name}-shadow", weight or 0.0)
        capture = {"DestinationS3Uri": "s3://b/c", "InitialSamplingPercentage": 100, "CaptureOptions": []}
        fleet = ServingFleet(name, [self.variant("primary", name, 1.0)], capture, beside if weight else None)
        self.fleets[f"http://{name}/invocations"] = fleet, status
        self.fleets[f"http://{name}-shadow/invocations"] = fleet, shadow
        return fleet

    def variant(self, name: str, host: str, weight: float) -> ServingVariant:
        server: Any = SimpleNamespace(url=f"http://{host}")
        return ServingVariant(name, weight, 4, "ml.m5.large", "repo:x", server)

    async def request(self, _method: str, url: str, **_: Any) -> HttpResponse:
        fleet, status = self.fleets[url]
        if "-shadow" in url:
            await self.shadow_waits.wait()
        else:
            self.in_flight.append(fleet.in_flight)
            await asyncio.sleep(0)  # other requests begin meanwhile
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


def test_a_serverless_variant_works_on_as_many_requests_as_its_concurrency_allows(servers: Any) -> None:
    attempts: list[Attempt] = []
    router = Router(servers, attempts.append)
    fleet = servers.fleet("green", 200)
    fleet.variants[0].max_concurrency = 2
    router.set_shares([(fleet, 1.0)])

    async def at_once() -> list[Any]:
        request = InvocationRequest(b"1", "text/csv", "text/csv", None, None, time.perf_counter())
        return await asyncio.gather(*(router.invoke(request) for _ in range(3)), return_exceptions=True)

    *answered, throttled = asyncio.run(at_once())
    assert ([answer.status for answer in answered], type(throttled)) == ([200, 200], ThrottledError)
    assert (len(attempts), fleet.in_flight) == (2, 0), "a throttled request is none of the model's"
    assert ask(router)[0].status == 200


def test_nobody_serves_before_shares_are_set(servers: Any) -> None:
    with pytest.raises(LookupError):
        ask(Router(servers, lambda _: None))


def test_shares_are_kept_to_the_request(servers: Any) -> None:
    router = Router(servers, lambda _: None)
    router.set_shares([(servers.fleet("blue", 200), 0.75), (servers.fleet("green", 200), 0.25)])
    assert [answer.config_name for answer in ask(router, 8)].count("green") == 2


@pytest.mark.parametrize("status", [500, None])
def test_a_shadow_gets_its_share_of_copies_and_users_get_none_of_its_failures(servers: Any, status: int | None) -> None:
    attempts: list[Attempt] = []
    captured: list[tuple[str, str | None, int]] = []

    async def run() -> list[Any]:
        fleet = servers.fleet("blue", 200, shadow=status, weight=0.25)
        router = Router(
            servers,
            attempts.append,
            capture=lambda _, request, answer: captured.append((answer.variant, request.inference_id, answer.status)),
        )
        router.set_shares([(fleet, 1.0)])
        request = InvocationRequest(b"1", "text/csv", "text/csv", None, "visit-1", time.perf_counter())
        answers = [await router.invoke(request) for _ in range(8)]
        async with asyncio.timeout(20):
            while len(captured) < 10:
                await asyncio.sleep(0.01)
        return answers

    assert {(answer.variant, answer.status) for answer in asyncio.run(run())} == {("primary", 200)}
    copies = [each for each in attempts if each.is_shadows]
    assert [(each.variant, each.status) for each in copies] == [("shadow", status or 0)] * 2
    assert sorted(set(captured), key=str) == [("primary", "visit-1", 200), ("shadow", None, status or 0)]


def test_users_wait_for_no_shadow_and_one_that_never_answers_gets_no_more_copies(servers: Any) -> None:
    attempts: list[Attempt] = []

    async def run() -> None:
        servers.shadow_waits.clear()
        router = Router(servers, attempts.append)
        fleet = servers.fleet("blue", 200, shadow=200, weight=1.0)
        router.set_shares([(fleet, 1.0)])
        for _ in range(205):
            await router.invoke(InvocationRequest(b"1", "text/csv", "text/csv", None, None, time.perf_counter()))
        assert fleet.drain(0.0)
        assert [each.status for each in attempts if each.is_shadows] == [0] * 5
        servers.shadow_waits.set()
        async with asyncio.timeout(20):
            while len(attempts) < 410:
                await asyncio.sleep(0.01)

    asyncio.run(run())
    assert len(attempts) == 410


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


def test_a_shadows_metrics_are_its_variants_alone_and_none_is_of_what_a_caller_gets() -> None:
    data = metric_data("shop", [(0.0, attempt(variant="shadow", is_shadows=True))])
    assert {len(datum["Dimensions"]) for datum in data} == {2}
    assert values(data, "Invocations", 2) == [([1.0], [1.0], "None")]
    assert not values(data, "OverheadLatency", 2)


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
