"""Fair and repeatable choices by weight."""

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class SmoothRoundRobin(Generic[T]):
    """nginx's smooth weighted round robin: over any run of choices each item gets its share, evenly spread."""

    def __init__(self, weights: Sequence[tuple[T, float]]) -> None:
        self._items = [item for item, weight in weights if weight > 0]
        self._weights = [weight for _, weight in weights if weight > 0]
        self._credits = [0.0] * len(self._items)

    def choose(self) -> T:
        """Raises LookupError when no item has a weight above 0."""
        if not self._items:
            raise LookupError("there must be an item with a weight above 0")
        for i, weight in enumerate(self._weights):
            self._credits[i] += weight
        best = max(range(len(self._items)), key=self._credits.__getitem__)
        self._credits[best] -= sum(self._weights)
        return self._items[best]
