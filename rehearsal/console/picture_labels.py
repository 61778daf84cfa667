"""Names and values from the user's table as labels of a picture: short, on one line, and told apart."""

from collections.abc import Sequence

_CUT = "…"


def labels(values: Sequence[object], *, width: int) -> list[str]:
    """One label a value, of at most `width` characters; where the values differ, so do the labels."""
    texts = [printable(str(value)) for value in values]
    short = [_shortened(text, width) for text in texts]
    if _tell_apart(short, values):
        return short
    # Only what follows the beginning that all the long ones share can tell them apart.
    shared = _shared([text for text in texts if len(text) > width])
    short = [_shortened(_CUT + text[shared:], width) if len(text) > width else text for text in texts]
    if _tell_apart(short, values):
        return short
    return [_shortened(f"{number} {text}", width) for number, text in enumerate(texts, 1)]


def printable(text: str) -> str:
    """`text` without what a picture cannot hold: control characters, line ends, halves of characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _shared(texts: Sequence[str]) -> int:
    """How many characters all of them begin with."""
    return next((at for at, each in enumerate(zip(*texts, strict=False)) if len(set(each)) > 1), min(map(len, texts)))


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + _CUT


def _tell_apart(short: Sequence[str], values: Sequence[object]) -> bool:
    return len(set(short)) == len(set(values))
