"""Bodies that are packed with gzip."""

import zlib

from pipeline_steps.server.bodies import Body

MAGIC = b"\x1f\x8b"
"""No body of another format begins so. InvokeEndpoint passes no Content-Encoding on: the first bytes must say it."""
_ANY_HEADER = 16 + zlib.MAX_WBITS
_MOST_MEMBERS = 4096
"""Programs that pack in parallel write members of 64 KB and more; each one costs time, also where it is empty."""
_PIECE = 64 * 1024


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
    left, rest, members = most, memoryview(body), 0
    while rest:
        members += 1
        if members > _MOST_MEMBERS:
            raise DamagedGzipError(f"it must have at most {_MOST_MEMBERS} members")
        member = zlib.decompressobj(_ANY_HEADER)
        while not member.eof:
            if not rest:
                raise DamagedGzipError("it ends too soon")
            try:
                part = member.decompress(piece := rest[:_PIECE], left + 1)
            except zlib.error as exc:
                raise DamagedGzipError(str(exc)) from exc
            parts.append(part)
            left -= len(part)
            if left < 0:
                raise UnpackedTooLargeError(f"the body must be at most {most} bytes when it is unpacked")
            rest = rest[len(piece) - len(member.unused_data) :]
    return b"".join(parts)
