"""Bodies that are packed with gzip."""

import zlib

from pipeline_steps.server.bodies import Body

MAGIC = b"\x1f\x8b"
"""No body of another format begins so. InvokeEndpoint passes no Content-Encoding on: the first bytes must say it."""
_ANY_HEADER = 16 + zlib.MAX_WBITS


class UnpackedTooLargeError(ValueError):
    """A body that would have more bytes than are allowed."""


class DamagedGzipError(ValueError):
    """A body that is no whole file of gzip."""


def unpacked(body: Body, most: int) -> bytes:
    """Unpack a body of one or several members; no more than `most` bytes are ever made.

    Raises:
        UnpackedTooLargeError: there are more.
        DamagedGzipError: it is no gzip, or ends too soon.
    """
    parts: list[bytes] = []
    left, rest = most, bytes(body)
    while rest:
        member = zlib.decompressobj(_ANY_HEADER)
        try:
            part = member.decompress(rest, left + 1)
        except zlib.error as exc:
            raise DamagedGzipError(str(exc)) from exc
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise UnpackedTooLargeError(f"the body must be at most {most} bytes when it is unpacked")
        if not member.eof:
            raise DamagedGzipError("it ends too soon")
        rest = member.unused_data
    return b"".join(parts)
