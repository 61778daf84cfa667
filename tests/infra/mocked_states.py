"""ministack's Step Functions with mocked tasks, which the embedded AWS itself does not have, behind its gateway.

`python -m tests.infra.mocked_states` is the process; it is led by ministack's own variables.
"""

import asyncio
import importlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from rehearsal.access_key import AccessKey

PROJECT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Account:
    """Where the services of one account answer."""

    url: str
    key: AccessKey

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=self.key.id,
            aws_secret_access_key=self.key.secret,
        )


@contextmanager
def mocked_states(folder: Path, mocks: dict[str, Any]) -> Iterator[Account]:
    """Serve them; `mocks` is in Step Functions Local's format. Waits take no time."""
    (folder / "mocks.json").write_text(json.dumps(mocks))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": str(PROJECT),
        "SFN_MOCK_CONFIG": str(folder / "mocks.json"),
        "SFN_WAIT_SCALE": "0",
        "STATE_DIR": str(folder / "state"),
    }
    argv = [sys.executable, "-m", "tests.infra.mocked_states"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(argv, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (folder / "log").read_text()[-2000:]
        ready = json.loads(line)
        yield Account(ready["url"], AccessKey(ready["id"], ready["secret"]))
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def main() -> None:
    """Serve until it is ended; the one line on standard output has the URL and the key."""
    listener, key = socket.create_server(("127.0.0.1", 0), backlog=64), AccessKey.random()
    port = listener.getsockname()[1]
    os.environ |= {**key.environment, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    ready = {"url": f"http://127.0.0.1:{port}", "id": key.id, "secret": key.secret}
    asyncio.run(_serve(listener, key, port, ready=json.dumps(ready)))


async def _serve(listener: socket.socket, key: AccessKey, port: int, *, ready: str) -> None:
    # ministack reads its environment when it is imported.
    server = importlib.import_module("rehearsal.cloud.ministack.asgi_server")
    admission = importlib.import_module("rehearsal.cloud.admission").Admission(key, lambda _: None, port=port)
    gateway = importlib.import_module("rehearsal.cloud.gateway").Gateway(
        server.emulator(), _no_endpoint, admission=admission, started=lambda: _tell(ready)
    )
    await server.serve(gateway, listener, ended=asyncio.Event())


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _no_endpoint(name: str, *_: Any, **__: Any) -> Any:
    raise LookupError(name)


if __name__ == "__main__":
    main()
