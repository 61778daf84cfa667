from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.server.body_budget import BodyBudget
from pipeline_steps.server.messages import HttpRequest, Response
from pipeline_steps.server.request_parser import MAX_HEAD_BYTES, RequestParser


class Client:
    """What a connection gives to a reader, and what came of it."""

    def __init__(self, **limits: int) -> None:
        self.continues = 0
        self.budget = BodyBudget()
        self.reader = RequestParser(self._continue, self.budget, **limits)

    def _continue(self) -> None:
        self.continues += 1

    def send(self, *parts: bytes) -> list[HttpRequest | Response]:
        return [item for part in parts for item in self.reader.read(part)]


CHUNKED = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"


def _post(body: bytes, *headers: str) -> bytes:
    lines = ["POST /invocations HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def _rejection(items: list[HttpRequest | Response]) -> int:
    assert isinstance(items[-1], Response)
    return items[-1].status


def test_a_request_has_method_path_headers_and_body() -> None:
    items = Client().send(_post(b"1,2", "Content-Type: text/csv", "ACCEPT: application/json", "X-Other: y"))
    expected = {"content-length": "3", "content-type": "text/csv", "accept": "application/json"}
    assert items == [HttpRequest("POST", "/invocations", expected, b"1,2", keep_alive=True)]


@given(st.lists(st.binary(max_size=30), min_size=1, max_size=4), st.data())
def test_however_the_bytes_arrive_the_requests_are_the_same(bodies: list[bytes], data: st.DataObject) -> None:
    wire = b"".join(_post(body) for body in bodies)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    parts = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    items = Client().send(*(part for part in parts if part))
    assert [item.body for item in items if isinstance(item, HttpRequest)] == bodies


def test_a_chunked_body_is_put_together() -> None:
    head = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    items = Client().send(head, b"3\r\n1,2\r\n2;x=y\r\n,3\r\n", b"0\r\nTrailer: 1\r\n\r\n")
    assert [item.body for item in items if isinstance(item, HttpRequest)] == [b"1,2,3"]


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("/ping?x=1", "/ping", "x=1"),
        ("http://h:8080/ping?x", "/ping", "x"),
        ("http://h:8080", "/", ""),
        ("/ping", "/ping", ""),
        ("*", "*", ""),
    ],
)
def test_path_and_query_are_taken_from_any_form_of_target(target: str, path: str, query: str) -> None:
    (request,) = Client().send(f"OPTIONS {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert isinstance(request, HttpRequest)
    assert (request.path, request.query) == (path, query)


@pytest.mark.parametrize(
    ("head", "keep_alive"),
    [
        ("GET /ping HTTP/1.1", True),
        ("GET /ping HTTP/1.1\r\nConnection: close", False),
        ("GET /ping HTTP/1.0", False),
        ("GET /ping HTTP/1.0\r\nConnection: keep-alive", True),
    ],
)
def test_the_client_decides_whether_the_connection_lives(head: str, *, keep_alive: bool) -> None:
    (request,) = Client().send(f"{head}\r\n\r\n".encode())
    assert isinstance(request, HttpRequest)
    assert request.keep_alive == keep_alive


def test_a_client_that_expects_100_continue_gets_it() -> None:
    client = Client()
    wire = _post(b"1,2", "Expect: 100-continue")
    assert client.send(wire[:-3]) == []
    assert client.continues == 1
    assert len(client.send(wire[-3:])) == 1


def test_another_expectation_is_refused() -> None:
    assert _rejection(Client().send(_post(b"1", "Expect: a-miracle"))) == HTTPStatus.EXPECTATION_FAILED


def test_a_body_announced_as_too_large_is_refused_before_it_is_sent() -> None:
    client = Client()
    head = b"POST /invocations HTTP/1.1\r\nContent-Length: 999999999\r\nExpect: 100-continue\r\n\r\n"
    assert _rejection(client.send(head)) == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert client.continues == 0


def test_a_body_that_grows_too_large_is_refused() -> None:
    head = b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    items = Client(max_body_bytes=5).send(head, b"4\r\n1234\r\n", b"4\r\n5678\r\n", b"0\r\n\r\n")
    assert [_rejection([item]) for item in items] == [HTTPStatus.REQUEST_ENTITY_TOO_LARGE]


def test_a_head_without_an_end_is_refused() -> None:
    client = Client()
    items = client.send(b"GET /ping HTTP/1.1\r\nX: ", *[b"a" * 1024] * (MAX_HEAD_BYTES // 1024 + 1))
    assert _rejection(items) == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE


@pytest.mark.parametrize("too_many", [0, 1])
@pytest.mark.parametrize("packet", [1, 3, 1000, 1 << 20])
@pytest.mark.parametrize(
    "before", [b"", CHUNKED + b"1\r\nx\r\n0\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"]
)
def test_a_head_may_have_so_many_bytes_however_packets_fall(before: bytes, packet: int, too_many: int) -> None:
    start, end = b"GET /ping HTTP/1.1\r\nHost: x\r\n", b"\r\n\r\n"
    line = b"X: " + b"a" * (MAX_HEAD_BYTES + too_many - len(start) - len(end) - 3)
    wire = before + start + line + end
    *_, last = Client().send(*(wire[place : place + packet] for place in range(0, len(wire), packet)))
    assert isinstance(last, Response) == bool(too_many)


def test_a_trailer_is_no_header() -> None:
    wire = CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Type: text/csv\r\n\r\n")
    (request,) = Client().send(wire + b"1\r\nx\r\n0\r\nContent-Type: text/html\r\nAccept: text/csv\r\n\r\n")
    assert isinstance(request, HttpRequest)
    assert request.headers == {"content-type": "text/csv"}


@pytest.mark.parametrize(
    "flood",
    [
        b"0\r\n" + b"X: y\r\n" * MAX_HEAD_BYTES,
        b"0\r\nX: " + b"a" * 2 * MAX_HEAD_BYTES,
        b"1;x=" + b"a" * 2 * MAX_HEAD_BYTES,
    ],
)
@pytest.mark.parametrize("packet", [1000, 1 << 20])
def test_trailers_and_extensions_of_chunks_are_limited(flood: bytes, packet: int) -> None:
    wire = CHUNKED + b"1\r\nx\r\n" + flood
    items = Client().send(*(wire[place : place + packet] for place in range(0, len(wire), packet)))
    assert [_rejection([item]) for item in items] == [HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE]


def test_a_long_body_of_short_chunks_is_no_long_head() -> None:
    items = Client().send(CHUNKED, *[b"1\r\nx\r\n" * 1000] * 50, b"0\r\n\r\n")
    assert [item.body for item in items if isinstance(item, HttpRequest)] == [b"x" * 50_000]


def test_lines_of_one_header_are_one_list() -> None:
    (request,) = Client().send(_post(b"1", "Accept: text/html", "Accept: text/csv"))
    assert isinstance(request, HttpRequest)
    assert request.headers["accept"] == "text/html, text/csv"


def test_the_time_since_which_a_request_is_incomplete_is_kept() -> None:
    now = 5.0
    reader = RequestParser(lambda: None, BodyBudget(), clock=lambda: now)
    wire = _post(b"1,2")
    seen = []
    for part in (wire[:10], wire[10:-1], wire[-1:] + wire[:1]):
        reader.read(part)
        seen.append(reader.receiving_since)
        now += 1
    assert seen == [5.0, 5.0, 7.0]
    assert reader.time_out().status == HTTPStatus.REQUEST_TIMEOUT
    assert (reader.refused, reader.receiving_since) == (True, None)


def test_many_small_requests_in_large_reads_are_no_large_head() -> None:
    wire = _post(b"1,2") * 2000
    size = 65_000
    items = Client().send(*(wire[start : start + size] for start in range(0, len(wire), size)))
    assert [type(item) for item in items] == [HttpRequest] * 2000


@pytest.mark.parametrize(
    "wire",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
        b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 3\r\n\r\nabc",
        CHUNKED.replace(b"\r\n\r\n", b"\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n") + b"1\r\nx\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
    ],
)
def test_what_is_not_plain_http_is_refused(wire: bytes) -> None:
    client = Client()
    assert _rejection(client.send(wire)) == HTTPStatus.BAD_REQUEST
    assert client.budget.used == 0


def test_a_request_that_is_too_large_and_asks_for_an_upgrade_is_refused_once() -> None:
    head = b"POST / HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 6\r\n\r\n"
    items = Client(max_body_bytes=5).send(head, b"123456")
    assert [_rejection([item]) for item in items] == [HTTPStatus.REQUEST_ENTITY_TOO_LARGE]


def test_requests_before_a_broken_one_are_still_complete() -> None:
    items = Client().send(_post(b"1") + b"nonsense\r\n\r\n")
    assert isinstance(items[0], HttpRequest)
    assert _rejection(items) == HTTPStatus.BAD_REQUEST


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(wire: bytes) -> None:
    items = Client().send(wire) if wire else []
    assert all(isinstance(item, HttpRequest | Response) for item in items)
