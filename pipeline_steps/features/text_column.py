"""A text: its own float is its number of characters, and counts of its n-grams stand behind all columns' floats."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from pipeline_steps.features.columns import NumberColumn, ValueRefusedError, json_quoted
from pipeline_steps.features.ngrams import Ngrams
from pipeline_steps.tables.use_case import Kind

_EXAMPLE = "some words of a text as callers may send them, "
_LONGEST_EXAMPLE = 400


@dataclass(frozen=True)
class TextColumn(NumberColumn):
    """Any text; blanks at its ends do not count, and one of blanks alone is missing.

    `min` and `max` are numbers of characters in training; longer texts are read as far as `ngrams` says.
    """

    kind: ClassVar[Kind] = "text"
    ngrams: Ngrams

    def encode_text(self, text: str) -> float:
        """Count the characters of a CSV cell."""
        if length := len(text.strip()):
            return float(length)
        if self.missing:
            return math.nan
        raise self._rejection(text)

    def encode_json(self, value: object) -> float:
        """Count the characters of a JSON value: a text, or null for missing."""
        if isinstance(value, str) or value is None:
            return self.encode_text(value or "")
        raise self._rejection(value)

    def encode_values(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Count the characters of a table's texts."""
        lengths = np.array([len(text.strip()) for text in values.tolist()], dtype=np.float64)
        return np.where(lengths > 0, lengths, np.nan)

    def counts(self, texts: Sequence[str | None]) -> NDArray[np.float32]:
        """Count the n-grams of texts by bucket."""
        return self.ngrams.counts([text or "" for text in texts])

    def example(self, value: float) -> str:
        """Write a text of about so many characters."""
        length = max(1, min(int(value), _LONGEST_EXAMPLE))
        return (_EXAMPLE * (length // len(_EXAMPLE) + 1))[:length]

    def to_document(self) -> dict[str, Any]:
        return super().to_document() | asdict(self.ngrams)

    def _rejection(self, given: object) -> ValueRefusedError:
        allowed = "text or missing" if self.missing else "text"
        return ValueRefusedError(f"column {self.name} must be {allowed}, got {json_quoted(given)}")
