"""The text of a request's body, of which a window is decoded at once, and what is wrong with it.

For every body, the work between two rows is bounded, and so is the memory for them.
"""

import io
from typing import Any, NoReturn

WINDOW = 64 * 1024
"""Characters that are decoded at once, of a body that has more."""

Body = bytes | bytearray


class UnreadableBodyError(ValueError):
    """A body that has no rows of the type that its header names; the text says why."""


def text_of(body: Body, end: int, window: int) -> io.TextIOBase:
    """The text of `body` up to `end`, with its line ends as they are; a large one is decoded as it is read."""
    if end > window:
        raw = io.BufferedReader(_BytesFile(memoryview(body)[:end]))
        return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
    return io.StringIO(body[:end].decode("utf-8-sig"), newline="")


class _BytesFile(io.RawIOBase):
    """Bytes as a file, without a copy of them."""

    def __init__(self, content: memoryview) -> None:
        self._left = content

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._left[: len(buffer)]
        buffer[: len(part)] = part
        self._left = self._left[len(part) :]
        return len(part)


def refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON, a missing value is null")


def reason_of(error: Exception) -> str:
    """Why Python's JSON refused a text, without its advice about Python's settings."""
    if isinstance(error, RecursionError):
        return "it has lists or objects too deep within others"
    return "a number has too many digits" if "integer string conversion" in str(error) else str(error)


def row_too_long(row: int, longest: int) -> UnreadableBodyError:
    return UnreadableBodyError(f"row {row} must be at most {longest} characters long, which its columns never need")


def not_text(error: UnicodeDecodeError) -> UnreadableBodyError:
    return UnreadableBodyError(f"the body must be UTF-8 text: {error}")
