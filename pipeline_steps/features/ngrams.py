"""Text to numbers: each n-gram of a text adds 1 or -1 to one of its buckets, chosen by a hash that never changes.

The hash of an n-gram with the code points c₀, c₁, … is Σ (cₖ + 1) Pᵏ modulo 2⁶⁴, mixed by the finalizer of splitmix64.
Its highest bits are the bucket; its lowest bit is the sign, which makes collisions cancel out on average.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Unit = Literal["words", "characters"]
Words = NDArray[np.uint64]

MOST_BUCKETS = 512
"""Each is a column of the graph's input."""
_P = 0x9E3779B97F4A7C15
_ONE = np.uint64(1)
_SPACE = np.uint64(ord(" "))
_END = np.uint64(ord("\n"))
"""Between texts; no text that is hashed contains it."""
_BLOCK = 1 << 18
"""Characters that are hashed at once."""
_REMEMBERED = 1 << 16
_USUAL_POWERS = 1 << 10


@dataclass(frozen=True)
class Ngrams:
    """What is counted of a text.

    Attributes:
        buckets: a power of two; 0 counts nothing.
        ngrams: of words, which are runs of letters, marks and digits; or of characters, runs of blanks being one.
        shortest: words or characters of an n-gram.
        longest: words or characters of an n-gram.
        fold_case: whether upper and lower case are the same.
        characters: so many of a text are read, and the rest is not.
    """

    buckets: int
    ngrams: Unit
    shortest: int
    longest: int
    fold_case: bool
    characters: int

    def __post_init__(self) -> None:
        if self.buckets and (not 0 < self.buckets <= MOST_BUCKETS or self.buckets.bit_count() != 1):
            raise ValueError(f"buckets must be 0 or a power of two up to {MOST_BUCKETS}, got {self.buckets}")
        if not 1 <= self.shortest <= self.longest:
            raise ValueError(f"shortest must be in 1..longest, got {self.shortest} and {self.longest}")
        if self.characters < 1:
            raise ValueError(f"characters must be at least 1, got {self.characters}")

    def counts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Count the n-grams of each text, float32 [texts, buckets]; a text's counts depend on nothing but itself."""
        found = np.zeros((len(texts), self.buckets), dtype=np.float32)
        start = 0
        for prepared in _blocks([self._prepared(text) for text in texts] if self.buckets else ()):
            found[start : start + len(prepared)] = self._counted(prepared)
            start += len(prepared)
        return found

    def _prepared(self, text: str) -> str:
        text = text.strip()[: self.characters]
        if not text.isascii():
            text = unicodedata.normalize("NFKC", text)
        if self.fold_case:
            text = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text.casefold())
        if self.ngrams == "words":
            return text.translate(_WORDS)
        return f" {' '.join(text.split())} "  # the blanks mark where words begin and end

    def _counted(self, prepared: Sequence[str]) -> NDArray[np.float64]:
        joined = "\n".join(prepared).encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(joined, dtype="<u4").astype(np.uint64)
        lines = np.cumsum(codes == _END)
        found = _word_ngrams if self.ngrams == "words" else _character_ngrams
        places, signs = [], []
        for hashes, its_lines in found(codes, lines, self.shortest, self.longest):
            mixed = _mixed(hashes)
            buckets = (mixed >> np.uint64(65 - self.buckets.bit_length())).astype(np.int64)
            places.append(its_lines * self.buckets + buckets)
            signs.append(1.0 - 2.0 * (mixed & _ONE).astype(np.float64))
        if not places:
            return np.zeros((len(prepared), self.buckets))
        size = len(prepared) * self.buckets
        counted = np.bincount(np.concatenate(places), np.concatenate(signs), size)
        return counted.reshape(len(prepared), self.buckets).astype(np.float64)


class _WordCharacters(dict[int, str]):
    """Each code point to its character where it belongs to words, and to a blank where it stands between them."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        found = character if unicodedata.category(character)[0] in "LMN" else " "
        if len(self) < _REMEMBERED:
            self[code] = found
        return found


_WORDS = _WordCharacters()


def _blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in their order, not too many at once."""
    start = length = 0
    for place, text in enumerate(texts):
        if length > _BLOCK:
            yield texts[start:place]
            start, length = place, 0
        length += len(text) + 1
    if start < len(texts):
        yield texts[start:]


def _word_ngrams(
    codes: Words, lines: NDArray[np.int64], shortest: int, longest: int
) -> Iterator[tuple[Words, NDArray[np.int64]]]:
    """Hash the n-grams of words, which have a blank between them; gives the line of each too."""
    inside = (codes != _SPACE) & (codes != _END)
    begins = inside.copy()
    begins[1:] &= ~inside[:-1]
    starts = np.flatnonzero(begins)
    if not len(starts):
        return
    offsets = np.arange(len(codes)) - starts[np.maximum(np.cumsum(begins) - 1, 0)]
    offsets[~inside] = 0
    lengths = np.add.reduceat(inside.astype(np.int64), starts)
    powers = _powers(longest * (int(lengths.max()) + 1))
    words = np.add.reduceat(np.where(inside, (codes + _ONE) * powers[offsets], np.uint64(0)), starts)
    its_lines, hashes, ends = lines[starts], words, lengths
    for size in range(1, longest + 1):
        if size > 1:
            blank = (_SPACE + _ONE) * powers[ends[:-1]]
            hashes = hashes[:-1] + blank + powers[ends[:-1] + 1] * words[size - 1 :]
            ends = ends[:-1] + 1 + lengths[size - 1 :]
        if size >= shortest:
            together = its_lines[: len(hashes)] == its_lines[size - 1 :]
            yield hashes[together], its_lines[: len(hashes)][together]
        if len(hashes) < 2:
            return


def _character_ngrams(
    codes: Words, lines: NDArray[np.int64], shortest: int, longest: int
) -> Iterator[tuple[Words, NDArray[np.int64]]]:
    """Hash the n-grams of characters; gives the line of each too."""
    powers, begins = _powers(longest), codes != _END
    hashes = codes + _ONE
    for size in range(1, min(longest, len(codes)) + 1):
        if size > 1:
            hashes = hashes[:-1] + (codes[size - 1 :] + _ONE) * powers[size - 1]
        if size >= shortest:
            together = begins[: len(hashes)] & (lines[: len(hashes)] == lines[size - 1 :])
            yield hashes[together], lines[: len(hashes)][together]


def _powers(count: int) -> Words:
    return _few_powers() if count <= _USUAL_POWERS else _made_powers(count)


@lru_cache(maxsize=1)
def _few_powers() -> Words:
    return _made_powers(_USUAL_POWERS)


def _made_powers(count: int) -> Words:
    factors = np.full(count, _P, dtype=np.uint64)
    factors[0] = 1
    return np.cumprod(factors)


def _mixed(words: Words) -> Words:
    """The finalizer of splitmix64 (Steele, Lea and Flood 2014): every bit of the result depends on every bit."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed
