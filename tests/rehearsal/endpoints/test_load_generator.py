"""The users: a steady stream that does not wait for answers."""

import http.server
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.access_key import AccessKey
from rehearsal.endpoints.load_generator import MOST_IN_FLIGHT, LoadGenerator, LoadSnapshot, Promptness
from rehearsal.process import free_port
from tests.rehearsal.cloud.process import eventually

KEY = AccessKey.random()


class Endpoint(http.server.ThreadingHTTPServer):
    """Plays the runtime: its status and delay can be changed while it runs."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.seconds = 200, 0.0
        self.throttled = 0
        """So many requests are throttled before the others are answered."""
        self.seen: list[tuple[str, str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append((self.path, self.headers["content-type"], body))
        time.sleep(self.server.seconds)
        is_throttled = len(self.server.seen) <= self.server.throttled
        self.send_response(429 if is_throttled else self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(traffic: LoadGenerator, seconds: float) -> LoadSnapshot:
    traffic.start()
    time.sleep(seconds)
    traffic.stop()
    return traffic.snapshot()


def a_second_at(per_second: float, traffic: LoadGenerator) -> LoadSnapshot:
    """A busy machine may begin late, and not stop at once; more than what is due by then is never sent."""
    begun = time.monotonic()
    counts = run(traffic, 1.0)
    assert per_second / 2 <= counts.sent <= per_second * (time.monotonic() - begun) + 1
    return counts


def test_requests_come_at_the_given_rate_and_every_one_is_counted_once(endpoint: Endpoint) -> None:
    counts = a_second_at(50, LoadGenerator(endpoint.url, "shop", [b"1", b"2"], "text/csv", 50, key=KEY))
    assert (counts.answered, counts.failed, counts.dropped, counts.in_flight) == (counts.sent, 0, 0, 0)
    assert 0 < counts.p50_us <= counts.p99_us
    bodies = Counter(body for *_, body in endpoint.seen)
    assert {seen[:2] for seen in endpoint.seen} == {("/endpoints/shop/invocations", "text/csv")}
    assert abs(bodies[b"1"] - bodies[b"2"]) <= 1


def test_a_slow_endpoint_does_not_slow_the_users_down(endpoint: Endpoint) -> None:
    endpoint.seconds = 0.5
    counts = a_second_at(50, LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 50, key=KEY))
    assert counts.answered == counts.sent


def test_an_error_is_a_failed_request_and_not_a_dropped_one(endpoint: Endpoint) -> None:
    endpoint.status = 500
    counts = run(LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 50, key=KEY), 0.3)
    assert (counts.failed, counts.answered, counts.dropped) == (counts.sent, 0, 0)


def test_a_throttled_request_is_sent_again_and_counted_once(endpoint: Endpoint) -> None:
    endpoint.throttled = 2
    counts = run(LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 10, key=KEY), 0.3)
    assert (counts.answered, len(endpoint.seen)) == (counts.sent, counts.sent + 2)


def test_a_request_nobody_answers_is_dropped() -> None:
    counts = run(LoadGenerator(f"http://127.0.0.1:{free_port()}", "shop", [b"1"], "text/csv", 50, key=KEY), 0.3)
    assert counts.sent > 0
    assert counts.dropped == counts.sent


def test_more_than_can_wait_are_not_sent_and_no_dropped_requests(endpoint: Endpoint) -> None:
    endpoint.seconds = 1.0
    traffic = LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 1000, key=KEY)
    traffic.start()
    eventually(lambda: traffic.snapshot().not_sent)
    traffic.stop()
    counts, users = traffic.snapshot(), traffic.promptness(LoadSnapshot())
    assert counts.sent >= MOST_IN_FLIGHT
    assert counts.answered + counts.dropped == counts.sent
    assert (users.due, users.not_sent) == (counts.sent + counts.not_sent, counts.not_sent)


class SlowOnce(list[bytes]):
    """Bodies of which the first takes the whole thread's time."""

    seconds = 0.5

    def __getitem__(self, index: Any) -> Any:
        seconds, self.seconds = self.seconds, 0.0
        time.sleep(seconds)
        return super().__getitem__(index)


def test_the_lateness_of_requests_is_measured_where_the_machine_is_overloaded(endpoint: Endpoint) -> None:
    traffic = LoadGenerator(endpoint.url, "shop", SlowOnce([b"1"]), "text/csv", 50, key=KEY)
    run(traffic, 1.0)
    assert traffic.promptness(LoadSnapshot()).late_p99_ms > 200
    before = traffic.snapshot()
    assert traffic.promptness(before) == Promptness(due=0, not_sent=0, late_p99_ms=0.0)


def test_what_happened_between_two_snapshots_is_their_difference(endpoint: Endpoint) -> None:
    traffic = LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 50, key=KEY)
    traffic.start()
    time.sleep(0.3)
    first = traffic.snapshot()
    time.sleep(0.3)
    traffic.stop()
    between = traffic.snapshot().since(first)
    assert between.sent == traffic.snapshot().sent - first.sent > 0


def test_traffic_may_stop_and_start_again_and_starting_twice_changes_nothing(endpoint: Endpoint) -> None:
    traffic = LoadGenerator(endpoint.url, "shop", [b"1"], "text/csv", 50, key=KEY)
    traffic.stop()
    traffic.start()
    first = run(traffic, 0.2)
    assert run(traffic, 0.2).sent > first.sent


@pytest.mark.parametrize(("bodies", "rate"), [([], 10.0), ([b"1"], 0.0)])
def test_traffic_without_a_body_or_a_rate_is_refused(bodies: list[bytes], rate: float) -> None:
    with pytest.raises(ValueError, match="needs a body and a rate above 0"):
        LoadGenerator("http://127.0.0.1:1", "shop", bodies, "text/csv", rate, key=KEY)
