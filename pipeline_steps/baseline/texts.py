"""A text's buckets in `baseline.json`: the average text, and how many rows each bucket counts up or down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.baseline.drift import drift_index

_Signs = NDArray[np.int64]


@dataclass(frozen=True)
class TextBaseline:
    """The buckets of one column of texts, on the training split.

    Attributes:
        places: where they lie in the model's input.
        rows: of each bucket, in how many rows its count is below 0, 0, and above, [3, buckets].
        mean: of each bucket.
    """

    places: slice
    rows: _Signs
    mean: NDArray[np.float32]

    def drift(self, features: NDArray[np.float32]) -> float:
        """How far the words have drifted: the index of the bucket that has drifted furthest, 0 without buckets."""
        found = sign_rows(features[:, self.places])
        return max(map(drift_index, self.rows.T, found.T), default=0.0)

    def fill_average(self, features: NDArray[np.float32], chosen: slice) -> None:
        """Put the average text in the place of that of the chosen rows."""
        features[chosen, self.places] = self.mean

    @classmethod
    def from_document(cls, places: slice, entry: Mapping[str, Any]) -> Self:
        """Read what `text_document` made.

        Raises:
            ValueError: the lists do not fit the column's buckets.
        """
        buckets = places.stop - places.start
        rows, mean = np.array(entry["rows"], dtype=np.int64), np.array(entry["mean"], dtype=np.float32)
        if rows.shape != (3, buckets) or mean.shape != (buckets,) or (rows < 0).any():
            raise ValueError(f"a text's counts must be of {buckets} buckets, got {rows.shape} and {mean.shape}")
        return cls(places, rows, mean)


def text_document(counts: NDArray[np.float32]) -> dict[str, Any]:
    """Describe the buckets of training rows, float32 [rows, buckets]."""
    mean: Sequence[float] = counts.mean(axis=0, dtype=np.float64).round(6).tolist()
    return {"rows": sign_rows(counts).tolist(), "mean": mean}


def sign_rows(counts: NDArray[np.float32]) -> _Signs:
    """Count for each bucket the rows below 0, at 0 and above."""
    signs = [(counts < 0).sum(axis=0), (counts == 0).sum(axis=0), (counts > 0).sum(axis=0)]
    return np.stack(signs).astype(np.int64)
