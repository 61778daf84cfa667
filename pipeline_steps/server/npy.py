"""Arrays of numbers in NumPy's file format: rows of a request, and outputs of a response."""

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.rounding import counted
from pipeline_steps.server.bodies import Body, UnreadableBodyError

_KINDS = "fiub"
"""Floats, whole numbers with a sign and without, and booleans: no objects, whose bytes would be code."""
_WIDEST = 8
"""Bytes of a number; the longer ones have no value of JSON."""
_LONGEST = 1 << 31
"""Rows or columns, more than any body has; an array without values may state any number."""
_BLOCK_ROWS = 1024


def npy_rows(body: Body) -> Iterator[list[Any]]:
    """Read the rows of a matrix, or the one row of a vector, as numbers; NaN is None, a missing value.

    Raises:
        UnreadableBodyError: it is something else.
    """
    matrix = np.atleast_2d(read_npy(body))
    for start in range(0, len(matrix), _BLOCK_ROWS):
        for row in matrix[start : start + _BLOCK_ROWS].tolist():
            yield [None if value != value else value for value in row]  # noqa: PLR0124 (as only NaN is)


def read_npy(body: Body) -> NDArray[Any]:
    """Read an array of numbers, without a copy.

    Raises:
        UnreadableBodyError: it is none.
    """
    source = io.BytesIO(body)
    try:
        version = np.lib.format.read_magic(source)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, by_column, dtype = read(source)
    except Exception as exc:  # of a damaged header, numpy raises what Python's own parser happens to
        raise UnreadableBodyError(f"the body must be an array in NumPy's file format: {exc}") from exc
    if dtype.kind not in _KINDS or dtype.itemsize > _WIDEST:
        raise UnreadableBodyError(f"the body must be an array of numbers or booleans, got {dtype}")
    content = memoryview(body)[source.tell() :]
    count = 1
    for size in shape:
        count *= size
    if not all(type(size) is int and 0 <= size < _LONGEST for size in shape) or count * dtype.itemsize != len(content):
        raise UnreadableBodyError(
            f"the body must hold the {count} values of its shape, got {counted(len(content), 'byte')}"
        )
    if len(shape) > 2:
        raise UnreadableBodyError(
            f"the body must be an array of rows and columns, got {counted(len(shape), 'dimension')}"
        )
    return np.frombuffer(content, dtype).reshape(shape, order="F" if by_column else "C")


def write_npy(values: NDArray[Any]) -> bytes:
    """Write an array of numbers."""
    target = io.BytesIO()
    np.lib.format.write_array(target, np.ascontiguousarray(values), version=(1, 0), allow_pickle=False)
    return target.getvalue()
