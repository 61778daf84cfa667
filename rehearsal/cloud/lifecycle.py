"""The process from start to end: prepare for jobs, then import and serve the rest."""

import asyncio
import gc
import importlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

from rehearsal.access_key import AccessKey
from rehearsal.cloud.cloud_options import CloudOptions
from rehearsal.cloud.job_environment import open_job_environment
from slipway.errors import SlipwayError

_log = logging.getLogger(__name__)


def run(options: CloudOptions, listener: socket.socket, *, key: AccessKey, ready: Callable[[], None]) -> None:
    """Serve until a signal or the end of standard input; does not return, since thread pools would keep it up."""
    code = 0
    try:
        # First what runs in the background: the imports of the jobs, beside this process's own.
        environment, serving = open_job_environment(options), _import_the_rest()
        asyncio.run(serving.serve_until_stopped(options, environment, listener, key, ready))
    except SlipwayError as exc:
        sys.stderr.write(f"{exc}\n")
        code = exc.exit_code
    except Exception as exc:  # noqa: BLE001 -- the last place to report it
        _log.exception("the embedded AWS ends")
        sys.stderr.write(f"{type(exc).__name__}: {exc}\n")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _import_the_rest() -> Any:
    """The module `serving`. Imports make objects and drop few, so garbage collection would find nothing."""
    gc.disable()
    try:
        importlib.import_module("rehearsal.cloud.ministack.cognito").import_without_key()
        return importlib.import_module("rehearsal.cloud.serving")
    finally:
        gc.freeze()
        gc.enable()
