"""Stopping a listening socket without losing connections that wait to be accepted."""

import ctypes
import os
import socket
import struct
import sys

_SO_ATTACH_FILTER = 26
_FLAGS, _SYN_AND_ACK, _SYN = 13, 0x12, 0x02
_EVERYTHING = 0xFFFFFFFF
# Classic BPF on the TCP header: a segment that asks for a new connection is dropped, every other one passes.
_INSTRUCTIONS = (
    (0x30, 0, 0, _FLAGS),  # load the byte of flags
    (0x54, 0, 0, _SYN_AND_ACK),
    (0x15, 0, 1, _SYN),  # if it is not SYN alone, skip one
    (0x06, 0, 0, 0),
    (0x06, 0, 0, _EVERYTHING),
)


def refuse_new_connections(listener: int) -> bool:
    """Have the kernel complete no more connections for this descriptor; those that wait to be accepted stay.

    A socket that is closed resets the ones that wait. Between the last `accept` and the close more could come without
    this: so their client's kernel tries again, and is then refused before any request was sent.

    Returns:
        False where the system has no such filter: then the gap of some microseconds remains.
    """
    if sys.platform != "linux":
        return False
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _INSTRUCTIONS))
    with socket.socket(fileno=os.dup(listener)) as same:
        try:
            same.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, _pointer(program))
        except OSError:  # a sandbox that has sockets of its own
            return False
    return True


def _pointer(program: "ctypes.Array[ctypes.c_char]") -> bytes:
    return struct.pack("HP", len(_INSTRUCTIONS), ctypes.addressof(program))
