"""Two streams become one, line by line: Docker hands over each in pieces, and the pieces in any order."""

import os
import threading
from collections.abc import Iterable
from typing import IO

MAX_LINE_BYTES = 256 * 1024
"""With its end. One CloudWatch event: a longer line becomes several."""


def merge_lines(streams: Iterable[IO[bytes]], output: int) -> None:
    """Copy whole lines of `streams` to the descriptor `output`, which stays the caller's; returns at once.

    The streams are closed at their ends. A reader of `output` sees its end after that of the last stream.
    """
    writing = threading.Lock()
    for stream in streams:
        # A descriptor each: the last thread to end closes the last one.
        copying = threading.Thread(target=_copy, args=(stream, os.dup(output), writing), name="container-lines")
        copying.daemon = True
        copying.start()


def _copy(stream: IO[bytes], output: int, writing: threading.Lock) -> None:
    try:
        with stream, os.fdopen(output, "wb", buffering=0) as sink:
            while line := stream.readline(MAX_LINE_BYTES - 1):  # and its end
                with writing:
                    _write(sink, line if line.endswith(b"\n") else line + b"\n")
    except BrokenPipeError:
        return  # the reader has gone


def _write(sink: IO[bytes], data: bytes) -> None:
    while data:
        data = data[sink.write(data) :]
