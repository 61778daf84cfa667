"""A faulty build of the model image: the real server behind a proxy that fails or delays invocations.

Runs in place of the image's program: `python -m rehearsal.endpoints.fault_injection --fault errors serve`. Docker runs
it inside the image, so it needs the standard library only.
"""

import argparse
import http.client
import http.server
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rehearsal.process import free_port, spawn, stop

FAULTS = ("errors", "slow")
_HOST_VARIABLE, _PORT_VARIABLE = "SAGEMAKER_BIND_TO_HOST", "SAGEMAKER_BIND_TO_PORT"
_LOOPBACK = "127.0.0.1"
_WATCH_SECONDS = 0.2
_TIMEOUT_SECONDS = 60.0
_CONNECTION_HEADERS = ("connection", "content-length", "date", "host", "server", "transfer-encoding")
"""They belong to one connection, or are written by the proxy itself."""

Headers = Iterable[tuple[str, str]]


class FaultInjectingProxy(http.server.ThreadingHTTPServer):
    """Passes requests to the real server; /invocations get the fault, /ping does not: the build looks healthy."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], fault: str, *, error_percent: int, delay_seconds: float, inner_port: int
    ) -> None:
        super().__init__(address, _Handler)
        self._fault, self._error_percent, self._delay_seconds = fault, error_percent, delay_seconds
        self._inner_port = inner_port
        self._invocations, self._lock = 0, threading.Lock()

    def response(self, method: str, path: str, headers: Headers, body: bytes) -> tuple[int, Headers, bytes]:
        """Status, headers and body of the response to one request."""
        if path == "/invocations":
            if self._fault == "errors" and self._next_fails():
                return 500, (("content-type", "text/plain"),), b"an injected fault"
            if self._fault == "slow":
                time.sleep(self._delay_seconds)
        inner = http.client.HTTPConnection(_LOOPBACK, self._inner_port, timeout=_TIMEOUT_SECONDS)
        try:
            inner.request(method, path, body, dict(headers))
            found = inner.getresponse()
            return found.status, found.getheaders(), found.read()
        except (OSError, http.client.HTTPException) as exc:
            return 502, (("content-type", "text/plain"),), str(exc).encode()
        finally:
            inner.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closes its connection is none: its trace would hide the real server's last lines."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def _next_fails(self) -> bool:
        """Evenly spread and the same in every run: the n-th request fails where n times the share crosses a whole."""
        with self._lock:
            self._invocations += 1
            number, share = self._invocations, self._error_percent
        return number * share // 100 > (number - 1) * share // 100


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultInjectingProxy

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, headers, content = self.server.response(self.command, self.path, _passed(self.headers.items()), body)
        self.send_response(status)
        for name, value in (*_passed(headers), ("content-length", str(len(content)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """The log is the real server's."""


def _passed(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in _CONNECTION_HEADERS]


def main(argv: Sequence[str] | None = None) -> int:
    """Start the real server, `command` with the remaining arguments, and the proxy in front of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", choices=FAULTS, required=True)
    parser.add_argument("--error-percent", type=int, default=30)
    parser.add_argument("--delay-seconds", type=float, default=1.5)
    parser.add_argument("--command", default=f"{shlex.quote(sys.executable)} -m pipeline_steps")
    parser.add_argument("verb", nargs="+")
    arguments = parser.parse_args(argv)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    inner_port = free_port()
    inner = spawn(
        [*shlex.split(arguments.command), *arguments.verb],
        env={**os.environ, _HOST_VARIABLE: _LOOPBACK, _PORT_VARIABLE: str(inner_port)},
        cwd=Path.cwd(),
        stdout=None,
        stderr=subprocess.STDOUT,
    )
    address = os.environ.get(_HOST_VARIABLE, _LOOPBACK), int(os.environ.get(_PORT_VARIABLE, "8080"))
    try:
        with FaultInjectingProxy(
            address,
            arguments.fault,
            error_percent=arguments.error_percent,
            delay_seconds=arguments.delay_seconds,
            inner_port=inner_port,
        ) as proxy:
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            while not ended.wait(_WATCH_SECONDS) and inner.poll() is None:
                pass
            proxy.shutdown()
        ended_by_itself = inner.poll()
    finally:
        stop(inner, grace_seconds=5)
    return ended_by_itself or 0


if __name__ == "__main__":
    sys.exit(main())
