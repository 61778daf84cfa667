"""Counts of n-grams are those of their definition, for any text, and a text's own alone."""

import unicodedata
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline_steps.features.ngrams import Ngrams

WORDS = Ngrams(64, "words", 1, 2, fold_case=True, characters=2000)
CHARACTERS = Ngrams(16, "characters", 3, 5, fold_case=False, characters=40)
_LOWEST_64 = (1 << 64) - 1


def hashed(ngram: str) -> int:
    found = sum((ord(each) + 1) * pow(0x9E3779B97F4A7C15, place, 1 << 64) for place, each in enumerate(ngram))
    found &= _LOWEST_64
    found = ((found ^ (found >> 30)) * 0xBF58476D1CE4E5B9) & _LOWEST_64
    found = ((found ^ (found >> 27)) * 0x94D049BB133111EB) & _LOWEST_64
    return found ^ (found >> 31)


def ngrams_of(text: str, rules: Ngrams) -> Iterator[str]:
    text = unicodedata.normalize("NFKC", text.strip()[: rules.characters])
    text = unicodedata.normalize("NFKC", text.casefold()) if rules.fold_case else text
    words = "".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in text).split(" ")
    runs = f" {' '.join(text.split())} "
    parts = [word for word in words if word] if rules.ngrams == "words" else list(runs)
    between = " " if rules.ngrams == "words" else ""
    for size in range(rules.shortest, rules.longest + 1):
        yield from (between.join(parts[start : start + size]) for start in range(len(parts) - size + 1))


def by_definition(text: str, rules: Ngrams) -> list[int]:
    counts = [0] * rules.buckets
    for ngram in ngrams_of(text, rules):
        found = hashed(ngram)
        counts[found * rules.buckets >> 64] += -1 if found & 1 else 1
    return counts


@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=6), rules=st.sampled_from([WORDS, CHARACTERS]))
def test_counts_are_those_of_the_definition_for_any_unicode(texts: list[str], rules: Ngrams) -> None:
    found = rules.counts(texts)
    assert found.tolist() == [by_definition(text, rules) for text in texts]
    assert (found.dtype, found.shape) == (np.float32, (len(texts), rules.buckets))


def test_texts_are_counted_alike_alone_and_among_many() -> None:
    texts = [
        "",
        "Grüße aus Köln",
        "x" * 5000,
        "日本語の文章です",
        "lone \ud800 surrogate",
        *[f"word {n}" * 40 for n in range(2000)],
    ]
    together = WORDS.counts(texts)
    alone = np.concatenate([WORDS.counts([text]) for text in texts[:50]])
    assert together[:50].tolist() == alone.tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Straße, ﬁnd!", "STRASSE find"),
        ("café", "cafe\u0301"),
        ("\uff21\uff22\uff23 \uff11\uff12", "abc 12"),
        ("two   words\r\n", "two words"),
        ("don't", "don t"),
    ],
)
def test_case_forms_and_punctuation_do_not_matter(one: str, other: str) -> None:
    assert WORDS.counts([one]).tolist() == WORDS.counts([other]).tolist()


def test_what_is_longer_than_allowed_is_not_read() -> None:
    text = "one two three four five six seven eight"
    assert CHARACTERS.counts([text + " and much more" * 90]).tolist() == CHARACTERS.counts([text + " and"]).tolist()


def test_words_spread_over_all_buckets_with_both_signs() -> None:
    counts = Ngrams(16, "words", 1, 1, fold_case=True, characters=20).counts([f"word{n}" for n in range(3200)])
    rows = (counts != 0).sum(axis=0)
    assert (rows.min() > 140, rows.max() < 260) == (True, True)
    assert abs(float(counts.sum())) < 200
