"""Pictures of handwritten digits, 8 x 8 pixels: those that scikit-learn ships, each drawn several times.

The ink of every pixel differs a little from drawing to drawing. `picture` says which original a row is of: rows of one
must not be on both sides of a split. In the last part of the table the camera has moved, and most pictures lie a pixel
further right: a model that has not seen those is worse at them.
"""

import numpy as np

from rehearsal.journey.demo_data.sampling import Columns, generator, progress

_SIZE = 8
_MOST_INK = 16
_MOVED_FROM, _MOVED_SHARE = 0.62, 0.6


def digits(*, rows: int, seed: int) -> Columns:
    """Draw `rows` pictures, the target last; the same seed gives the same pictures."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 — half a second, which other tables need not wait for

    rng, originals = generator(rows=rows, seed=seed), load_digits()
    picture = rng.integers(0, len(originals.target), size=rows)
    ink = originals.images[picture].astype(np.int64)
    ink = np.where(ink > 0, np.clip(ink + rng.integers(-1, 2, size=ink.shape), 0, _MOST_INK), 0)
    is_moved = (progress(rows) >= _MOVED_FROM) & (rng.random(rows) < _MOVED_SHARE)
    ink[is_moved] = np.concatenate([np.zeros_like(ink[is_moved][:, :, :1]), ink[is_moved][:, :, :-1]], axis=2)
    pixels = {f"pixel_{y}_{x}": ink[:, y, x] for y in range(_SIZE) for x in range(_SIZE)}
    return {"picture": picture, **pixels, "digit": originals.target[picture]}
