"""A way from the SDK's containers to the embedded AWS, which listens on the loopback interface only."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from rehearsal.containers.docker.client import DockerClient
from tests.rehearsal.cloud.process import CloudProcess

NETWORK = "sagemaker-local"
"""What the SDK calls the network of its containers."""


@contextlib.contextmanager
def bridge(docker: DockerClient, cloud: CloudProcess) -> Iterator[str]:
    """Listen where the network's containers find this machine, and pass on to `cloud`; gives the new URL.

    This machine alone and those containers can reach it. What was not there before is removed at the end: the SDK
    leaves its containers, ended, and their network.
    """
    there, containers = network_is_there(docker), containers_of_sdk(docker)
    if not there:
        docker.run("network", "create", NETWORK)
    form = "{{range .IPAM.Config}}{{.Gateway}}{{end}}"
    gateway = docker.run("network", "inspect", "--format", form, NETWORK).strip()
    target = urlsplit(cloud.endpoint_url)
    try:
        with socket.create_server((gateway, 0), backlog=64) as listener:
            host = f"{gateway}:{listener.getsockname()[1]}"
            cloud.fetch("POST", f"/_slipway/hosts/{host}")
            accepting = threading.Thread(target=_accept, args=(listener, (target.hostname, target.port)))
            accepting.start()
            try:
                yield f"http://{host}"
            finally:
                listener.shutdown(socket.SHUT_RDWR)
                accepting.join()
    finally:
        docker.remove(sorted(containers_of_sdk(docker) - containers))
        if not there:
            docker.run("network", "rm", NETWORK)


def network_is_there(docker: DockerClient) -> bool:
    return NETWORK in docker.run("network", "ls", "--format", "{{.Name}}").split()


def containers_of_sdk(docker: DockerClient) -> set[str]:
    """Running or not."""
    return set(docker.run("ps", "--all", "--quiet", "--filter", f"network={NETWORK}").split())


def _accept(listener: socket.socket, target: tuple[str | None, int | None]) -> None:
    with contextlib.ExitStack() as open_ones, contextlib.suppress(OSError):  # the listener is closed
        while True:
            near, _ = listener.accept()
            far = socket.create_connection((str(target[0]), int(target[1] or 80)))
            for source, sink in ((near, far), (far, near)):
                pump = threading.Thread(target=_pump, args=(source, sink))
                pump.start()
                open_ones.enter_context(source)
                open_ones.callback(pump.join)
                open_ones.callback(_end, source)  # a container that is gone says nothing more


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
    _end(sink, how=socket.SHUT_WR)


def _end(end: socket.socket, *, how: int = socket.SHUT_RDWR) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(how)
