"""Ends the processes of a function of the embedded AWS: at a call that they make, or when a test asks for it."""

import http.client
import json
import os
import re
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

from tests.rehearsal.cloud.process import CloudProcess

Side = Literal["before", "after"]
_MOST_IN_A_ROW = 8
"""Lambda gives an execution up whose processes end again and again without a wait."""
_CHANGES = re.compile(r"(Update|Delete|Create|Put|Publish|Invoke)\w*")


def processes(cloud: CloudProcess, function: str) -> Iterator[tuple[int, bool]]:
    """In which the embedded AWS runs the function, or follows an update of the endpoint; whether it is the latter."""
    runs_function = f"AWS_LAMBDA_FUNCTION_NAME={function}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent != cloud.child.pid:
                continue
            is_controller = b"\0rehearsal.endpoints.controller\0" in (folder / "cmdline").read_bytes()
            if is_controller or runs_function in (folder / "environ").read_bytes():
                yield int(folder.name), is_controller
        except (OSError, ValueError):
            continue  # it has ended


def kill(cloud: CloudProcess, function: str) -> tuple[int, int]:
    """How many processes were killed, and how many of them followed an update."""
    killed = controllers = 0
    for pid, is_controller in list(processes(cloud, function)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it had just ended
        killed, controllers = killed + 1, controllers + is_controller
    return killed, controllers


@dataclass(frozen=True)
class Request:
    """One call of the function's.

    Attributes:
        name: the operation, and of a function's the function.
        ends: the steps whose result, or whose wait for another attempt, a checkpoint keeps.
        suspends: the process ends by itself after it.
    """

    name: str
    ends: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()
    suspends: bool = False


@dataclass
class Wire:
    """Between one function and AWS; kills the function's process before or after each kind of call that changes much.

    Attributes:
        most: of kills at one call in a step, where it is not one.
        killed: kills by step and call.
        weights: each change of weights that SageMaker took, and when.
    """

    cloud: CloudProcess
    function: str = ""
    side: Side | None = None
    most: dict[str, int] = field(default_factory=dict)
    killed: Counter[tuple[str, str]] = field(default_factory=Counter)
    weights: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    _state: str = ""
    _row: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        wire = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _forward(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                response = wire.pass_on(self.command, self.path, dict(self.headers), body)
                if response is None:
                    self.close_connection = True
                    return
                with suppress(ConnectionError):  # the process that asked was killed meanwhile
                    self._respond(*response)

            def _respond(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _forward  # noqa: N815 -- its parent calls them so

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def variables(self) -> dict[str, str]:
        """Of a function that calls AWS through it."""
        return {"http_proxy": f"http://127.0.0.1:{self._server.server_address[1]}", "no_proxy": ""}

    @property
    def states(self) -> set[str]:
        """The steps in which there was a kill."""
        return {state for state, _ in self.killed}

    def pass_on(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Any:
        """Status, headers and body of the response, or None where the process that waited for it has ended."""
        request = _read(method, path, headers, body)
        side = self._side(request)
        if side == "before":
            kill(self.cloud, self.function)
            return None
        response = self._sent(method, path, headers, body)
        if request.name == "UpdateEndpointWeightsAndCapacities" and response[0] == 200:
            changes = json.loads(body)["DesiredWeightsAndCapacities"]
            self.weights.append((time.time(), {each["VariantName"]: each["DesiredWeight"] for each in changes}))
        if side == "after":
            kill(self.cloud, self.function)
            return None
        return response

    def _side(self, request: Request) -> Side | None:
        """On which side of the call the process is to be killed."""
        with self._lock:
            self._state = next(iter(request.ends or request.begins), self._state)
            point = self._state, request.name
            is_change = request.ends or (not request.begins and _CHANGES.match(request.name))
            is_wanted = self.side and is_change
            if not is_wanted or self._row >= _MOST_IN_A_ROW or self.killed[point] >= self.most.get(self._state, 1):
                self._row = 0 if request.suspends else self._row
                return None
            self.killed[point] += 1
            self._row += 1
            return self.side

    def _sent(self, method: str, url: str, headers: dict[str, str], body: bytes) -> Any:
        reached = urlsplit(url)
        connection = http.client.HTTPConnection(reached.hostname or "", reached.port, timeout=60)
        try:
            path = url.partition(reached.netloc)[2]
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                if name.lower() not in ("expect", "connection", "proxy-connection"):
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()


def _read(method: str, path: str, headers: dict[str, str], body: bytes) -> Request:
    known = {name.lower(): value for name, value in headers.items()}
    if path.endswith("/checkpoint"):
        updates = json.loads(body).get("Updates", [])
        ends = [each for each in updates if each["Action"] in ("SUCCEED", "RETRY", "FAIL")]
        begins = [each for each in updates if each["Action"] == "START"]
        suspends = any(each["Action"] == "RETRY" or each["Type"] == "WAIT" for each in updates)
        names = [tuple(each.get("Name", "") for each in some) for some in (ends, begins)]
        action = ends[0]["Action"] if ends else ""
        return Request(f"Checkpoint {action}".strip(), *names, suspends=suspends)
    if "/functions/" in path:
        return Request(
            f"Invoke {re.sub('.*function%3A|%3A.*', '', path.partition('/functions/')[2].partition('/')[0])}"
        )
    if "x-amz-target" in known:
        return Request(known["x-amz-target"].rpartition(".")[2])
    if known.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return Request(parse_qs(body.decode())["Action"][0])
    return Request("PutObject" if method == "PUT" else "GetObject")
