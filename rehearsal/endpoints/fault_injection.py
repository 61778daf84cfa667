"""A bad build of the model image: the real server behind a wrapper that fails or dawdles.

Runs in place of the image's program: `python -m rehearsal.endpoints.fault_injection --fault errors serve`.
"""

import argparse
import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rehearsal.endpoints.http import HttpClient, Message, NoAnswerError, head, read_message
from rehearsal.process import free_port, spawn, stop

FAULTS = ("errors", "slow")
_HOST_VARIABLE, _PORT_VARIABLE = "SAGEMAKER_BIND_TO_HOST", "SAGEMAKER_BIND_TO_PORT"
_INNER_HOST = "127.0.0.1"
_WATCH_SECONDS = 0.2
_DROPPED_HEADERS = ("content-length", "transfer-encoding", "connection", "host")


class FaultInjectingProxy:
    """Passes requests to the real server; /invocations get the fault, /ping does not: the build looks healthy."""

    def __init__(self, fault: str, *, error_percent: int, delay_seconds: float, inner_port: int) -> None:
        self._fault, self._error_percent, self._delay_seconds = fault, error_percent, delay_seconds
        self._client = HttpClient(_INNER_HOST, inner_port)
        self._invocations = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the router."""
        # Nobody waits for this task: asyncio would log its cancellation, below what the real server has said.
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError, ValueError):
            while True:
                request = await read_message(reader)
                status, content_type, body = await self._answer(request)
                first = f"HTTP/1.1 {status} {'OK' if status < 400 else 'Error'}"
                writer.write(head(first, {"content-type": content_type}, body) + body)
                await writer.drain()
                if not request.keeps_alive:
                    break
        writer.close()

    async def close(self) -> None:
        """Let go of the real server."""
        await self._client.close()

    async def _answer(self, request: Message) -> tuple[int, str, bytes]:
        method, path, _ = request.start
        if path == "/invocations":
            self._invocations += 1
            if self._fault == "errors" and self._is_unlucky(self._invocations):
                return 500, "text/plain", b"a fault of this build"
            if self._fault == "slow":
                await asyncio.sleep(self._delay_seconds)
        headers = {name: value for name, value in request.headers.items() if name not in _DROPPED_HEADERS}
        try:
            answer = await self._client.request(method, path, headers=headers, body=request.body, timeout_seconds=60.0)
        except NoAnswerError as exc:
            return 502, "text/plain", str(exc).encode()
        return answer.status, answer.headers.get("content-type", "text/plain"), answer.body

    def _is_unlucky(self, number: int) -> bool:
        """Evenly spread and the same in every run: the n-th request fails where n times the share crosses a whole."""
        share = self._error_percent
        return number * share // 100 > (number - 1) * share // 100


async def _run(arguments: argparse.Namespace, inner: "subprocess.Popen[bytes]", inner_port: int) -> None:
    """Serve until a signal comes, or the real server has ended."""
    proxy = FaultInjectingProxy(
        arguments.fault,
        error_percent=arguments.error_percent,
        delay_seconds=arguments.delay_seconds,
        inner_port=inner_port,
    )
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    host, port = os.environ.get(_HOST_VARIABLE, _INNER_HOST), int(os.environ.get(_PORT_VARIABLE, "8080"))
    listener = await asyncio.start_server(proxy.serve, host, port)
    while not ended.is_set() and inner.poll() is None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), timeout=_WATCH_SECONDS)
    listener.close()
    await proxy.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Start the real server, `python -m pipeline_steps` with the remaining arguments, and stand before it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fault", choices=FAULTS, required=True)
    parser.add_argument("--error-percent", type=int, default=30)
    parser.add_argument("--delay-seconds", type=float, default=1.5)
    parser.add_argument("verb", nargs="+")
    arguments = parser.parse_args(argv)
    inner_port = free_port()
    inner = spawn(
        [sys.executable, "-m", "pipeline_steps", *arguments.verb],
        env={**os.environ, _HOST_VARIABLE: _INNER_HOST, _PORT_VARIABLE: str(inner_port)},
        cwd=Path.cwd(),
        stdout=None,
        stderr=subprocess.STDOUT,
    )
    try:
        asyncio.run(_run(arguments, inner, inner_port))
        ended_by_itself = inner.poll()
    finally:
        stop(inner, grace_seconds=5)
    return ended_by_itself or 0


if __name__ == "__main__":
    sys.exit(main())
