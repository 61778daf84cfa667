"""A sketch of the rows that a model was fitted on, by which another table's rows are recognised."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 1024
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(32)


def sketch_of(features: NDArray[np.float32], target: NDArray[np.float64]) -> dict[str, Any]:
    """Keep the smallest hashes of the rows: all of a small table, and an even sample of a large one.

    Rows are as the model reads them, so that a table with further columns still has the same rows.
    """
    hashes = np.sort(_hashes(features, target))
    kept = np.unique(hashes[:_KEPT])
    return {"rows": len(hashes), "hashes": base64.b64encode(kept.astype("<u8").tobytes()).decode("ascii")}


def rows_seen(sketch: Mapping[str, Any], features: NDArray[np.float32], target: NDArray[np.float64]) -> int:
    """Estimate how many of the rows are among those that the sketch is of; exact for a table of up to 1,024 rows."""
    kept = np.frombuffer(base64.b64decode(sketch["hashes"]), dtype="<u8")
    hashes = _hashes(features, target)
    if sketch["rows"] <= _KEPT:
        return int(np.isin(hashes, kept).sum())
    within = hashes[hashes <= kept.max()]
    if len(within) == 0:
        return 0
    return round(float(np.isin(within, kept).mean()) * len(hashes))


def _hashes(features: NDArray[np.float32], target: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Hash each row: columns in order, by the bits of their numbers; all NaN are one."""
    with np.errstate(over="ignore"):
        mixed = np.full(len(features), _PRIME, dtype=np.uint64)
        for column in (*features.T, target.astype(np.float32)):
            plain = np.where(np.isnan(column), np.float32(np.nan), column + np.float32(0.0)).astype(np.float32)
            mixed = (mixed ^ plain.view(np.uint32)) * _PRIME
            mixed ^= mixed >> _SHIFT
    return mixed
