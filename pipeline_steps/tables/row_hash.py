"""A number in [0, 1) for every row that depends on its own cells alone, and is the same in every release."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_Words = NDArray[np.uint64]

_MISSING = np.uint64(0x7FF8000000000000)
"""The bits of every NaN."""


def row_fractions(table: pd.DataFrame, seed: int) -> NDArray[np.float64]:
    """Hash the rows of `table`; the order of its columns does not matter.

    Cells are numbers or text. Equal cells are equal numbers: 0.0 and -0.0 are, and all missing ones.
    """
    total = np.zeros(len(table), dtype=np.uint64)
    for name in table.columns:
        total += _mixed(_words(table[name]) ^ _text_word(f"{seed}/{name}"))
    return (_mixed(total) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _words(cells: "pd.Series[float] | pd.Series[str]") -> _Words:
    if not pd.api.types.is_numeric_dtype(cells):
        places, texts = pd.factorize(cells)
        return np.array([_text_word(text) for text in texts], dtype=np.uint64)[places]
    numbers = cells.to_numpy(dtype=np.float64) + 0.0  # which makes -0.0 positive
    words: _Words = np.where(np.isnan(numbers), _MISSING, numbers.view(np.uint64))
    return words


def _text_word(text: str) -> np.uint64:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mixed(words: _Words) -> _Words:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014): every bit of the result depends on every bit."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: _Words = words ^ (words >> np.uint64(31))
    return mixed
