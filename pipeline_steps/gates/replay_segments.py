"""Which rows belong together: all of them, and those of each category in the requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.artifact.contract import Contract
from pipeline_steps.errors import ArgumentError
from pipeline_steps.features.columns import CategoryColumn


@dataclass(frozen=True)
class Segment:
    """`rows` selects the replayed rows that have `value` in `column`."""

    column: str
    value: str
    rows: NDArray[np.bool_]


def segments(
    contract: Contract, sent: NDArray[np.float32], *, columns: Sequence[str] = (), min_rows: int
) -> Iterator[Segment]:
    """Give the segments with at least `min_rows` rows, of the named columns or else of every category column.

    `sent` are the rows as the contract encodes them.

    Raises:
        ArgumentError: a name is no category column of the contract.
    """
    known = {column.name: place for place, column in enumerate(contract.columns) if isinstance(column, CategoryColumn)}
    if unknown := [name for name in columns if name not in known]:
        raise ArgumentError(f"--segment must be one of {', '.join(known) or 'no column'}, got {unknown[0]}")
    for name in columns or known:
        column = contract.columns[known[name]]
        if isinstance(column, CategoryColumn):
            yield from _values(column, sent[:, known[name]], min_rows)


def _values(column: CategoryColumn, codes: NDArray[np.float32], min_rows: int) -> Iterator[Segment]:
    texts = {code: text for text, code in column.codes.items()} | {float(column.other_code): "(other)"}
    for code, text in texts.items():
        rows = codes == code
        if rows.sum() >= min_rows:
            yield Segment(column.name, text, rows)
    missing = np.isnan(codes)
    if missing.sum() >= min_rows:
        yield Segment(column.name, "(missing)", missing)
