"""How often each label was predicted on the validation split, and how far other predictions are from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.drift import drift_index


@dataclass(frozen=True)
class LabelShares:
    """The labels by name, in the problem's order, and how many rows got each."""

    names: tuple[str, ...]
    baseline: NDArray[np.int64]

    def count(self, labels: NDArray[Any]) -> NDArray[np.int64]:
        """Count labels as the problem gives them; the last count is of all that the model does not know."""
        known = len(self.names)
        places = np.where((labels >= 0) & (labels < known), labels, known)
        return np.bincount(places.astype(np.int64), minlength=known + 1)

    def drift(self, labels: NDArray[Any]) -> float:
        """How far the shares have drifted: the corrected population stability index."""
        return drift_index(np.append(self.baseline, 0), self.count(labels))

    def to_document(self) -> dict[str, Any]:
        return {"names": list(self.names), "counts": self.baseline.tolist()}

    @classmethod
    def of(cls, names: tuple[str, ...], labels: NDArray[Any]) -> Self:
        """Count the labels of the validation split."""
        return cls(names, np.bincount(labels.astype(np.int64), minlength=len(names)))

    @classmethod
    def from_document(cls, entry: Mapping[str, Any]) -> Self:
        """Read what `to_document` made.

        Raises:
            ValueError: there is not one count a name.
        """
        names, counts = tuple(map(str, entry["names"])), np.array(entry["counts"], dtype=np.int64)
        if counts.shape != (len(names),) or (counts < 0).any():
            raise ValueError(f"labels must have a count of at least 0 for each of {len(names)} names")
        return cls(names, counts)
