"""Where the contract's columns lie in the model's input: one float each, then the buckets of each text."""

from collections.abc import Mapping, Sequence

from pipeline_steps.features.columns import FeatureColumn
from pipeline_steps.features.text_column import TextColumn


def texts_of(columns: Sequence[FeatureColumn]) -> Mapping[int, TextColumn]:
    """Give the columns of texts, by their places."""
    return {place: column for place, column in enumerate(columns) if isinstance(column, TextColumn)}


def buckets_of(columns: Sequence[FeatureColumn]) -> Mapping[int, slice]:
    """Give where the buckets of each text lie, by the place of its column."""
    found, start = {}, len(columns)
    for place, column in texts_of(columns).items():
        found[place] = slice(start, start + column.ngrams.buckets)
        start += column.ngrams.buckets
    return found


def places_of(columns: Sequence[FeatureColumn]) -> Mapping[str, Sequence[int]]:
    """Give where the floats of each column lie, by its name."""
    buckets = buckets_of(columns)
    return {
        column.name: (place, *range(its.start, its.stop)) if (its := buckets.get(place)) else (place,)
        for place, column in enumerate(columns)
    }


def encoded_names(columns: Sequence[FeatureColumn]) -> tuple[str, ...]:
    """Name each float of the model's input; a text's own is its number of characters."""
    texts = texts_of(columns)
    own = [f"{each.name}: characters" if place in texts else each.name for place, each in enumerate(columns)]
    buckets = (f"{its.name}: bucket {bucket}" for its in texts.values() for bucket in range(its.ngrams.buckets))
    return (*own, *buckets)


def width_of(columns: Sequence[FeatureColumn]) -> int:
    """Give the width of the model's input."""
    return len(columns) + sum(column.ngrams.buckets for column in texts_of(columns).values())
