"""Which split each row goes to: stratified, seeded, and unchanged when rows are appended."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class SplitPlan:
    """The shares of validation and test; the rest is for training."""

    validation_percent: int
    test_percent: int
    seed: int

    @property
    def block_rows(self) -> int:
        """Rows dealt together: the fewest that these shares divide without a remainder (20 or 100)."""
        return 20 if self.validation_percent % 5 == 0 and self.test_percent % 5 == 0 else 100

    def assign(self, positive: NDArray[np.bool_]) -> NDArray[np.str_]:
        """Name the split of every row; `positive` is the target, in file order.

        Within a class, rows are dealt in blocks by their order in the file. A block's dealing depends on nothing
        but seed, class and block number, so a row keeps its split when others are appended: a model trained on the
        first rows of a file has never seen a row that is in the test split of the whole file.
        """
        splits = np.empty(len(positive), dtype="U10")
        for label in (False, True):
            rows = np.flatnonzero(positive == label)
            blocks = -(-len(rows) // self.block_rows)
            dealt = [split for block in range(blocks) for split in self._deal(int(label), block)]
            splits[rows] = dealt[: len(rows)]
        return splits

    def _deal(self, label: int, block: int) -> list[str]:
        size = self.block_rows
        test = size * self.test_percent // 100
        validation = size * self.validation_percent // 100
        dealt = [""] * size
        for rank, position in enumerate(_shuffled(size, f"{self.seed}/{label}/{block}")):
            dealt[position] = "test" if rank < test else "validation" if rank < test + validation else "train"
        return dealt


def _shuffled(size: int, key: str) -> list[int]:
    # a hash, not a library's generator: its order is the same in every version of everything
    return sorted(range(size), key=lambda position: hashlib.sha256(f"{key}/{position}".encode()).digest())
