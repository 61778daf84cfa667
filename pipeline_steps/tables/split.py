"""Which split each row goes to: stratified, seeded, and unchanged when rows are appended."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.tables.use_case import SplitPlan

SPLITS = ("train", "validation", "test")


def block_rows(plan: SplitPlan) -> int:
    """Rows dealt together: the fewest that the shares divide without a remainder (20 or 100)."""
    return 20 if plan.validation_percent % 5 == 0 and plan.test_percent % 5 == 0 else 100


def assign_splits(strata: NDArray[np.int64], plan: SplitPlan) -> NDArray[np.str_]:
    """Name the split of every row.

    Within a stratum, rows are dealt in blocks by their order in the file. A block's dealing depends on nothing
    but seed, stratum and block number, so a row keeps its split when others are appended: a model trained on the
    first rows of a file has never seen a row that is in the test split of the whole file.
    """
    splits, size = np.empty(len(strata), dtype="U10"), block_rows(plan)
    for stratum in np.unique(strata).tolist():
        rows = np.flatnonzero(strata == stratum)
        blocks = -(-len(rows) // size)
        dealt = [split for block in range(blocks) for split in _deal(plan, size, f"{stratum}/{block}")]
        splits[rows] = dealt[: len(rows)]
    return splits


def _deal(plan: SplitPlan, size: int, place: str) -> list[str]:
    test, validation = size * plan.test_percent // 100, size * plan.validation_percent // 100
    dealt = [""] * size
    for rank, position in enumerate(_shuffled(size, f"{plan.seed}/{place}")):
        dealt[position] = "test" if rank < test else "validation" if rank < test + validation else "train"
    return dealt


def _shuffled(size: int, key: str) -> list[int]:
    # a hash, not a library's generator: its order is the same in every version of everything
    return sorted(range(size), key=lambda position: hashlib.sha256(f"{key}/{position}".encode()).digest())
