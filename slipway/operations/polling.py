"""How often to look at what takes its time: often at first, seldom later."""

from collections.abc import Iterator

_SHORTEST_SECONDS = 0.25
_GROWTH = 1.5


def pauses(*, longest: float) -> Iterator[float]:
    """Seconds between two looks, without end: what ends soon is told soon, what lasts is not asked often."""
    pause = _SHORTEST_SECONDS
    while True:
        yield min(pause, longest)
        pause = min(pause * _GROWTH, longest)
