"""Start the embedded AWS: `python -m rehearsal.cloud`."""

import importlib
import json
import logging
import os
import socket
import sys

from rehearsal.access_key import AccessKey
from rehearsal.cloud.cloud_options import CloudOptions, parse


def main() -> int:
    """Serve until stopped; the one line on standard output has the URL and the key."""
    options = parse()
    # Tables, models and logs lie in it.
    options.workdir.mkdir(mode=0o700, parents=True, exist_ok=True)
    _log_to_file(options)
    listener = _listen(options.port)
    port = listener.getsockname()[1]
    # ministack reads its environment when it is imported, so nothing that imports it may be imported earlier.
    environment = importlib.import_module("rehearsal.cloud.environment")
    key = AccessKey.random()
    environment.configure(workdir=options.workdir, port=port, speed=options.speed, key=key)
    process = importlib.import_module("rehearsal.cloud.lifecycle")
    process.run(options, listener, key=key, ready=lambda: _tell_ready(port, key))
    return 0


def _log_to_file(options: CloudOptions) -> None:
    options.log.parent.mkdir(parents=True, exist_ok=True)
    form = "%(asctime)s %(levelname)s [%(name)s] %(message)s"
    logging.basicConfig(filename=options.log, level=logging.INFO, format=form)
    for chatty in ("boto3", "botocore", "urllib3", "s3transfer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as exc:
        raise SystemExit(f"port {port} of 127.0.0.1 must be free: {exc.strerror}") from exc
    listener.listen(1024)
    return listener


def _tell_ready(port: int, key: AccessKey) -> None:
    """Through a pipe: neither the arguments of a process nor a file have the secret."""
    ready = {"endpoint_url": f"http://127.0.0.1:{port}", "pid": os.getpid()}
    sys.stdout.write(json.dumps({**ready, "access_key_id": key.id, "secret_access_key": key.secret}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
