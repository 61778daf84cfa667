"""Options of the recipe's methods that are lists, or any text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class AscendingNumbers:
    """Ascending numbers; without a default they must be given."""

    default: tuple[float, ...] | None = None

    def takes(self, value: object) -> bool:
        if not isinstance(value, list | tuple) or not value:
            return False
        numbers = [each for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
        return len(numbers) == len(value) and all(low < high for low, high in pairwise(numbers))

    def __str__(self) -> str:
        return "a list of ascending numbers"


@dataclass(frozen=True)
class DistinctTexts:
    """Different texts; without a default they must be given."""

    default: tuple[str, ...] | None = None

    def takes(self, value: object) -> bool:
        if not isinstance(value, list | tuple) or not value:
            return False
        return all(isinstance(each, str) for each in value) and len(set(value)) == len(value)

    def __str__(self) -> str:
        return "a list of different texts"


@dataclass(frozen=True)
class Text:
    """Any text."""

    default: str = ""

    def takes(self, value: object) -> bool:
        return isinstance(value, str)

    def __str__(self) -> str:
        return "a text"


def bin_label_errors(options: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the labels of given bins, in words that follow the method's key."""
    labels, bins = options.get("labels"), len(options["edges"]) + 1
    if labels is None:
        return
    if options.get("output", "ordinal") != "one_hot":
        advice = 'give output = "one_hot", whose columns of 0 and 1 they name'
        yield f".labels must be left out with output ordinal, got {', '.join(labels)}: {advice}"
    elif len(labels) != bins:
        yield f".labels must be one more than edges, {bins}, got {len(labels)}: {', '.join(labels)}"
