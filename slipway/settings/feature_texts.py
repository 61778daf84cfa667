"""Options of the method that turns texts into numbers, and what all texts of a table ask for together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slipway.settings.hyperparameters import Bounds

MOST_BUCKETS = 2048
"""Of all texts together: each is a number of every row, and a request may have 10,000 rows."""
_LONGEST_OF_WORDS = 4


@dataclass(frozen=True)
class PowerOfTwo(Bounds):
    """A power of two in a closed range."""

    whole: bool = True

    def takes(self, text: str) -> bool:
        return super().takes(text) and int(text).bit_count() == 1

    def __str__(self) -> str:
        return f"a power of two in {self.low:g}..{self.high:g}"


def ngram_errors(options: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the lengths of n-grams together, in words that follow the method's key."""
    shortest, longest = options.get("shortest"), options.get("longest")
    if shortest is not None and longest is not None and shortest > longest:
        yield f".shortest must be at most longest, which is {longest}, got {shortest}"
    most = max(shortest or 1, longest or 1)
    if options.get("ngrams", "words") == "words" and most > _LONGEST_OF_WORDS:
        yield f".longest must be in 1..{_LONGEST_OF_WORDS} with ngrams words, got {most}"
