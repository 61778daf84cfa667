"""Bad builds: the real server behind a wrapper that fails or dawdles."""

import asyncio
import time
from typing import Any

import pytest

from rehearsal.endpoints.fault_injection import FaultInjectingProxy
from rehearsal.endpoints.http import HttpClient, Message, head, read_message
from rehearsal.process import free_port


def created_with(account: Any, tools: Any, fault: str, **behaviour: Any) -> dict[str, Any]:
    models = tools.model("bad", **behaviour)
    models["bad"]["Image"] = f"repo:fault-{fault}"
    account.fleets.create("shop", tools.endpoint_config("bad"), models)
    described: dict[str, Any] = account.settled()
    return described


def test_a_build_with_errors_looks_healthy_and_fails_three_requests_in_ten(account: Any, tools: Any) -> None:
    assert created_with(account, tools, "errors")["EndpointStatus"] == "InService"
    statuses = [account.ask().status for _ in range(40)]
    assert (statuses.count(500), statuses.count(200)) == (12, 28)


def test_a_slow_build_answers_rightly_but_late(account: Any, tools: Any) -> None:
    created_with(account, tools, "slow")
    began = time.monotonic()
    answer = account.ask(b"5")
    assert time.monotonic() - began > 1.4
    assert (answer.status, b'"got": "5"' in answer.body) == (200, True)


def test_when_the_real_server_does_not_start_neither_does_the_faulty_one(account: Any, tools: Any) -> None:
    described = created_with(account, tools, "errors", start_error="no contract.json")
    assert described["EndpointStatus"] == "Failed"
    assert "no contract.json" in described["FailureReason"]


@pytest.mark.parametrize("percent", [0, 1, 30, 100])
def test_errors_are_spread_evenly(percent: int) -> None:
    proxy = FaultInjectingProxy("errors", error_percent=percent, delay_seconds=0, inner_port=1)
    assert sum(proxy._is_unlucky(number) for number in range(1, 101)) == percent


async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            request = await read_message(reader)
            writer.write(head("HTTP/1.1 200 OK", {"content-type": "text/csv"}, request.body) + request.body)
    except asyncio.IncompleteReadError:
        writer.close()


def through(proxy_of: Any, method: str, path: str, *, times: int) -> list[Message]:
    """Ask a proxy before a healthy server."""

    async def run() -> list[Message]:
        inner = await asyncio.start_server(healthy, "127.0.0.1", 0)
        proxy = proxy_of(inner.sockets[0].getsockname()[1])
        outer = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        client = HttpClient("127.0.0.1", outer.sockets[0].getsockname()[1])
        headers = {"content-type": "text/csv"}
        answers = [
            await client.request(method, path, headers=headers, body=b"7", timeout_seconds=5) for _ in range(times)
        ]
        await client.close()
        await proxy.close()
        outer.close()
        inner.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.01)
        return answers

    return asyncio.run(run())


def test_only_invocations_get_the_fault() -> None:
    def proxy(port: int) -> FaultInjectingProxy:
        return FaultInjectingProxy("errors", error_percent=100, delay_seconds=0, inner_port=port)

    assert {answer.status for answer in through(proxy, "GET", "/ping", times=3)} == {200}
    assert {answer.status for answer in through(proxy, "POST", "/invocations", times=3)} == {500}


def test_a_slow_proxy_passes_the_answer_on() -> None:
    def proxy(port: int) -> FaultInjectingProxy:
        return FaultInjectingProxy("slow", error_percent=0, delay_seconds=0.05, inner_port=port)

    (answer,) = through(proxy, "POST", "/invocations", times=1)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/csv", b"7")


def test_a_server_that_has_gone_is_a_bad_gateway() -> None:
    def proxy(_: int) -> FaultInjectingProxy:
        return FaultInjectingProxy("slow", error_percent=0, delay_seconds=0, inner_port=free_port())

    assert through(proxy, "GET", "/ping", times=1)[0].status == 502
