"""Whether texts are read for their words: they have several, which come again in other texts."""

import unicodedata
from collections.abc import Sequence

from pipeline_steps.features.ngrams import Unit

_FEWEST_TEXTS = 30
_WORDS = 5
"""On average; names and addresses have fewer."""
_CHARACTERS = 20
"""On average, of a script without blanks."""
_SAMPLE = 1_000
_NEW_WORDS = 0.7
"""Words that come for the first time, of all: more in random texts."""
_UNSPACED = 0.5


def free_text(distinct: Sequence[str]) -> Unit | None:
    """Say by what different texts are read best, words or characters; None where they are names, codes or addresses."""
    if len(distinct) < _FEWEST_TEXTS:
        return None
    texts = distinct[:_SAMPLE]
    words = [word for text in texts for word in text.casefold().split()]
    if len(words) >= _WORDS * len(texts) and len(set(words)) < _NEW_WORDS * len(words):
        return "words"
    characters = "".join(texts)
    unspaced = sum(map(_is_unspaced, characters))
    if len(characters) >= _CHARACTERS * len(texts) and unspaced > _UNSPACED * len(characters):
        return "characters"
    return None


def _is_unspaced(character: str) -> bool:
    """Whether it is a letter without case, as those of Chinese, Japanese and Thai are."""
    return unicodedata.category(character) == "Lo"
