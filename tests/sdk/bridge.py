"""A way from the SDK's containers to the embedded AWS, which listens on the loopback interface only."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from rehearsal.containers.docker.client import DockerClient

NETWORK = "sagemaker-local"
"""What the SDK calls the network of its containers."""
CONTAINERS = "-algo-1-"
"""What the names of its containers have in common."""


@contextlib.contextmanager
def bridge(docker: DockerClient, endpoint_url: str) -> Iterator[str]:
    """Listen where the network's containers find this machine, and pass on to `endpoint_url`; gives the new URL.

    This machine alone and those containers can reach it. A network that was not there is removed at the end, and the
    containers with it: the SDK leaves them all, ended.
    """
    there = NETWORK in docker.ask("network", "ls", "--format", "{{.Name}}").split()
    if not there:
        docker.ask("network", "create", NETWORK)
    form = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    gateway = docker.ask("network", "inspect", "--format", form, NETWORK).strip()
    target = urlsplit(endpoint_url)
    try:
        with socket.create_server((gateway, 0), backlog=64) as listener:
            accepting = threading.Thread(target=_accept, args=(listener, (target.hostname, target.port)))
            accepting.start()
            try:
                yield f"http://{gateway}:{listener.getsockname()[1]}"
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                accepting.join()
    finally:
        if not there:
            docker.remove(docker.ask("ps", "--all", "--quiet", "--filter", f"network={NETWORK}").split())
            docker.ask("network", "rm", NETWORK)


def _accept(listener: socket.socket, target: tuple[str | None, int | None]) -> None:
    passing: list[threading.Thread] = []
    with contextlib.suppress(OSError):  # the listener is closed
        while True:
            near, _ = listener.accept()
            passing.append(threading.Thread(target=_pass_on, args=(near, target)))
            passing[-1].start()
    for each in passing:
        each.join()


def _pass_on(near: socket.socket, target: tuple[str | None, int | None]) -> None:
    with near, socket.create_connection((str(target[0]), int(target[1] or 80))) as far:
        back = threading.Thread(target=_pump, args=(far, near))
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
