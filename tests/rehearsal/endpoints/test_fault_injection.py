"""Faulty builds: the real server behind a proxy that fails or delays invocations."""

import http.client
import http.server
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from rehearsal.endpoints.fault_injection import FaultInjectingProxy
from rehearsal.process import free_port
from tests.rehearsal.endpoints.account import endpoint_config, model


def created_with(account: Any, fault: str, **behaviour: Any) -> dict[str, Any]:
    models = model("bad", **behaviour)
    models["bad"]["Image"] = f"repo:fault-{fault}"
    account.fleets.create("shop", endpoint_config("bad"), models)
    described: dict[str, Any] = account.settled()
    return described


def test_a_build_with_errors_looks_healthy_and_fails_three_requests_in_ten(account: Any) -> None:
    assert created_with(account, "errors")["EndpointStatus"] == "InService"
    statuses = [account.ask().status for _ in range(40)]
    assert (statuses.count(500), statuses.count(200)) == (12, 28)


def test_a_slow_build_responds_rightly_but_late(account: Any) -> None:
    created_with(account, "slow")
    began = time.monotonic()
    response = account.ask(b"5")
    assert time.monotonic() - began > 1.4
    assert (response.status, b'"got": "5"' in response.body) == (200, True)


def test_when_the_real_server_does_not_start_neither_does_the_proxy(account: Any) -> None:
    described = created_with(account, "errors", start_error="no contract.json")
    assert described["EndpointStatus"] == "Failed"
    assert "no contract.json" in described["FailureReason"]


class Echo(http.server.BaseHTTPRequestHandler):
    """A healthy server: responds with the body of the request."""

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-type", self.headers["content-type"])
        self.send_header("x-of-the-model", "yes")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(server: http.server.ThreadingHTTPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    with server:
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
    thread.join()


@contextmanager
def proxied(
    fault: str, *, error_percent: int = 100, delay_seconds: float = 0.0
) -> Iterator[http.client.HTTPConnection]:
    """A connection to a proxy in front of a healthy server."""
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)) as inner:
        proxy = FaultInjectingProxy(
            ("127.0.0.1", 0), fault, error_percent=error_percent, delay_seconds=delay_seconds, inner_port=inner
        )
        with serving(proxy) as port:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            yield connection
            connection.close()


def ask(connection: http.client.HTTPConnection, method: str, path: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection.request(method, path, b"7" if method == "POST" else None, {"content-type": "text/csv"})
    response = connection.getresponse()
    return response, response.read()


@pytest.mark.parametrize("percent", [0, 1, 30, 100])
def test_errors_are_spread_evenly(percent: int) -> None:
    with proxied("errors", error_percent=percent) as connection:
        statuses = [ask(connection, "POST", "/invocations")[0].status for _ in range(100)]
    assert statuses.count(500) == percent
    assert max(statuses[i : i + 10].count(500) for i in range(90)) <= -(-percent // 10) + 1


def test_only_invocations_get_the_fault() -> None:
    with proxied("errors") as connection:
        assert {ask(connection, "GET", "/ping")[0].status for _ in range(3)} == {200}
        assert {ask(connection, "POST", "/invocations")[0].status for _ in range(3)} == {500}


def test_a_slow_proxy_passes_the_response_on() -> None:
    with proxied("slow", delay_seconds=0.05) as connection:
        response, body = ask(connection, "POST", "/invocations")
    assert (response.status, response.headers["content-type"], body) == (200, "text/csv", b"7")
    assert response.headers["x-of-the-model"] == "yes"


def test_a_server_that_has_gone_is_a_bad_gateway() -> None:
    proxy = FaultInjectingProxy(("127.0.0.1", 0), "slow", error_percent=0, delay_seconds=0, inner_port=free_port())
    with serving(proxy) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        assert ask(connection, "GET", "/ping")[0].status == 502
        connection.close()
