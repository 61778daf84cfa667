"""Names and values from the user's table as labels of a picture: short, on one line, and distinct."""

from collections.abc import Sequence

_CUT = "…"


def labels(values: Sequence[object], *, width: int) -> list[str]:
    """One label a value, of at most `width` characters; different values get different labels."""
    texts = [printable(str(value)) for value in values]
    short = [_shortened(text, width) for text in texts]
    if _are_distinct(short, values):
        return short
    # The long ones share their beginning, so that only the rest distinguishes them.
    shared = _shared([text for text in texts if len(text) > width])
    short = [_shortened(_CUT + text[shared:], width) if len(text) > width else text for text in texts]
    if _are_distinct(short, values):
        return short
    return [_shortened(f"{number} {text}", width) for number, text in enumerate(texts, 1)]


def printable(text: str) -> str:
    """`text` without what SVG does not allow: control characters, line ends, halves of characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _shared(texts: Sequence[str]) -> int:
    """How many characters all of them begin with."""
    return next((at for at, each in enumerate(zip(*texts, strict=False)) if len(set(each)) > 1), min(map(len, texts)))


def _shortened(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + _CUT


def _are_distinct(short: Sequence[str], values: Sequence[object]) -> bool:
    return len(set(short)) == len(set(values))
